package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/internal/template"
)

// bind ties the placeholders to the properties of the input schema. Without a schema
// it makes one.
func (p *program) bind(input json.RawMessage) error {
	var names []string
	for _, t := range append(slices.Clone(p.argv), p.stdin) {
		names = append(names, t.Names()...)
	}
	for _, name := range p.allowDash {
		if !slices.Contains(names, name) {
			return fmt.Errorf("a leading dash is allowed for %q, which is no placeholder", name)
		}
	}
	for name := range p.patterns {
		if !slices.Contains(names, name) {
			return fmt.Errorf("there is a pattern for %q, which is no placeholder", name)
		}
	}
	var err error
	p.arguments, err = template.Bind(input, names)
	return err
}

// fillArgs returns the argument vector for the values.
func (p *program) fillArgs(values map[string]string) ([]string, error) {
	argv := make([]string, 0, len(p.argv))
	for _, t := range p.argv {
		arg, ok := t.Fill(values)
		if !ok {
			continue
		}
		if err := p.checkArg(t, arg, values); err != nil {
			return nil, err
		}
		argv = append(argv, arg)
	}
	return argv, nil
}

var errNUL = errors.New("a NUL byte cannot be passed to a program; leave it out")

func (p *program) checkArg(t template.Template, arg string, values map[string]string) error {
	if strings.IndexByte(arg, 0) >= 0 {
		return tools.Errorf("the argument for %s: %w", t, errNUL)
	}
	if !strings.HasPrefix(arg, "-") {
		return nil
	}
	if name := t.Lead(values); name != "" && !slices.Contains(p.allowDash, name) {
		return tools.Errorf(`the argument %q begins with "-", which %s could take for an option; `+
			`give a value that begins otherwise (for a path, "./-...")`, name, p.base())
	}
	return nil
}
