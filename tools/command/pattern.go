package command

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/sluice-dev/sluice/tools"
)

// patterns say what the values of placeholders must look like, as a whole.
type patterns map[string]*regexp.Regexp

func compilePatterns(sources map[string]string) (patterns, error) {
	compiled := patterns{}
	for name, source := range sources {
		whole, err := regexp.Compile("^(?:" + source + ")$")
		if err != nil {
			return nil, fmt.Errorf("the pattern for %q: %w", name, err)
		}
		compiled[name] = whole
	}
	return compiled, nil
}

// check returns what is wrong with the first value, by name, that does not match.
func (p patterns) check(values map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if value, ok := values[name]; ok && !p[name].MatchString(value) {
			return tools.Errorf("the argument %q must match %s; give a value that does", name, p[name])
		}
	}
	return nil
}
