package command

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools/internal/template"
)

// interpreters are programs that run the argument behind a certain flag as a script.
var interpreters = []struct{ program, flag *regexp.Regexp }{
	{whole(`(ba|da|a|z|k|mk|fi|c|tc)?sh`), whole(`-[a-z]*c`)},
	{whole(`(python|pypy)[0-9.]*`), whole(`-[A-Za-z]*c`)},
	{whole(`(perl|ruby|lua)[0-9.]*`), whole(`-[a-z]*[eE]`)},
	{whole(`node|bun|deno`), whole(`-p?e|-p|--eval|--print|eval`)},
	{whole(`php[0-9.]*`), whole(`-r`)},
	{whole(`cmd`), whole(`/[ckCK]`)},
	{whole(`pwsh|powershell`), whole(`-[cC](ommand)?`)},
}

func whole(pattern string) *regexp.Regexp { return regexp.MustCompile("^(?:" + pattern + ")$") }

// checkScripts reports placeholders in the midst of a script, where what is filled in can
// become a command although it stays inside its argument. It passes over those whose
// values cannot be any text, and over one that is the whole of the script: that is meant
// to be one.
func (p *program) checkScripts() error {
	var errs []error
	for i := range p.argv {
		runs := p.interpreterOf(i)
		if runs == "" || len(p.argv[i]) == 1 {
			continue
		}
		for _, name := range p.argv[i].Names() {
			if p.anyText(name) {
				errs = append(errs, fmt.Errorf(`argument %d: {%s} stands in a script that %s runs, where a value can become a command; `+
					`pass it as an argument of its own (for sh, "$1" in the script and, behind it, "sh" and "{%[2]s}"), `+
					`or hold it to a pattern`, i, name, runs))
			}
		}
	}
	return errors.Join(errs...)
}

// interpreterOf returns the program that runs an argument as a script; empty for none.
func (p *program) interpreterOf(i int) string {
	if i < 2 {
		return ""
	}
	for _, earlier := range p.argv[:i-1] { // the first, or what env, timeout and the like run
		name := filepath.Base(literal(earlier))
		for _, each := range interpreters {
			if each.program.MatchString(strings.TrimSuffix(strings.ToLower(name), ".exe")) && each.flag.MatchString(literal(p.argv[i-1])) {
				return name
			}
		}
	}
	return ""
}

// literal returns the text of an argument without placeholders; empty for any other.
func literal(t template.Template) string {
	if len(t.Names()) > 0 {
		return ""
	}
	return t.Literal()
}

// anyText reports whether the value of a placeholder can be any text, as far as its
// property itself tells.
func (p *program) anyText(name string) bool {
	if _, ok := p.patterns[name]; ok {
		return false
	}
	var schema struct {
		Properties map[string]jsontext.Value `json:"properties"`
	}
	var property struct {
		Type    any            `json:"type"`
		Enum    jsontext.Value `json:"enum"`
		Const   jsontext.Value `json:"const"`
		Pattern string         `json:"pattern"`
	}
	if json.Unmarshal(p.arguments.Schema, &schema) != nil || json.Unmarshal(schema.Properties[name], &property) != nil {
		return true
	}
	switch property.Type {
	case "integer", "number", "boolean":
		return false
	}
	anchored := strings.HasPrefix(property.Pattern, "^") && strings.HasSuffix(property.Pattern, "$") // it matches parts otherwise
	return property.Enum == nil && property.Const == nil && !anchored
}
