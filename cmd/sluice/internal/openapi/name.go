package openapi

import (
	"fmt"
	"regexp"
	"strings"
)

// maxName is how many characters a name has at most: some clients take no more.
const maxName = 64

var (
	notInNames     = regexp.MustCompile(`[^A-Za-z0-9_-]+`)
	notInVariables = regexp.MustCompile(`[_-]+`)
)

// identifier returns a text as a name that every client takes.
func identifier(text string) string {
	name := strings.Trim(notInNames.ReplaceAllString(text, "_"), "_")
	return strings.TrimRight(name[:min(len(name), maxName)], "_")
}

// unique returns a name that is not taken yet, and takes it.
func unique(taken map[string]bool, name string) string {
	if name == "" {
		name = "x"
	}
	candidate := name
	for n := 2; taken[candidate]; n++ {
		suffix := fmt.Sprintf("_%d", n)
		candidate = name[:min(len(name), maxName-len(suffix))] + suffix
	}
	taken[candidate] = true
	return candidate
}

// variable returns a text as the name of an environment variable.
func variable(text string) string {
	name := strings.ToUpper(notInVariables.ReplaceAllString(identifier(text), "_"))
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "_" + name
	}
	return name
}

// A pattern chooses operations by the name of the tool, the path, or method and path
// ("GET /pets"); "*" stands for any text.
type pattern struct{ expression *regexp.Regexp }

func newPattern(source string) pattern {
	quoted := strings.ReplaceAll(regexp.QuoteMeta(source), `\*`, `.*`)
	return pattern{regexp.MustCompile(`^(?s:` + quoted + `)$`)}
}

func (p pattern) matches(o *operation) bool {
	return p.expression.MatchString(o.name) || p.expression.MatchString(o.path) ||
		p.expression.MatchString(o.method+" "+o.path)
}
