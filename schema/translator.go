package schema

import (
	"cmp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A translator puts the validator's tree of errors into words. It finds the schema
// of an error by its location and the value by its pointer, since the validator's own
// messages name neither what was there nor what would do.
type translator struct {
	index map[string]*jsonschema.Schema
	root  any
}

// A leaf is one error of the validator without causes, or several put together.
type leaf struct {
	pointer string             // as the validator writes it: see decodePointer
	at      string             // where in the schema, to order by
	schema  *jsonschema.Schema // nil where it is not known
	keyword string
	error   *jsonschema.ValidationError
	text    string // the message, where leaves were put together
}

// translate returns the error's violations in order, each once.
func (t *translator) translate(failed *jsonschema.ValidationError) *ValidationError {
	leaves := t.flatten(failed, nil)
	slices.SortStableFunc(leaves, func(a, b leaf) int {
		return cmp.Or(strings.Compare(a.pointer, b.pointer), strings.Compare(a.at, b.at), strings.Compare(a.text, b.text))
	})
	result := &ValidationError{}
	seen := map[Violation]bool{}
	for _, leaf := range leaves {
		// Most of a flood is not worth its words.
		if len(result.Violations) > maxViolations {
			result.More++
			continue
		}
		for _, violation := range t.violations(leaf) {
			if !seen[violation] {
				seen[violation] = true
				result.Violations = append(result.Violations, violation)
			}
		}
	}
	if extra := len(result.Violations) - maxViolations; extra > 0 {
		result.Violations = result.Violations[:maxViolations:maxViolations]
		result.More += extra
	}
	return result
}

// flatten appends the leaves of a tree of errors.
func (t *translator) flatten(e *jsonschema.ValidationError, leaves []leaf) []leaf {
	schema, keyword := t.locate(e)
	switch {
	case len(e.Causes) == 0, keyword == "minContains":
		return append(leaves, leaf{
			pointer: e.InstanceLocation, at: e.AbsoluteKeywordLocation, schema: schema, keyword: keyword, error: e,
		})
	case keyword == "anyOf", keyword == "oneOf":
		return append(leaves, t.alternatives(e)...)
	}
	for _, cause := range e.Causes {
		leaves = t.flatten(cause, leaves)
	}
	return leaves
}

// locate returns the schema of an error and the keyword that failed; for a boolean
// schema the keyword is empty.
func (t *translator) locate(e *jsonschema.ValidationError) (*jsonschema.Schema, string) {
	at := e.AbsoluteKeywordLocation
	if schema := t.index[at]; schema != nil && !strings.HasPrefix(e.Message, "not failed") {
		return schema, ""
	}
	for {
		slash := strings.LastIndexByte(at, '/')
		if slash < 0 {
			return nil, ""
		}
		keyword := at[slash+1:]
		at = at[:slash]
		if schema := t.index[at]; schema != nil {
			return schema, keyword
		}
	}
}

// value returns the value that an error is about.
func (t *translator) value(e *jsonschema.ValidationError) any {
	if name, ok := nameOf(e); ok {
		return name
	}
	value, _ := lookup(t.root, e.InstanceLocation)
	return value
}

// nameOf returns the property's name where the error is about it and not about its
// value: the validator gives both the same pointer.
func nameOf(e *jsonschema.ValidationError) (string, bool) {
	if !strings.Contains(e.KeywordLocation, "/propertyNames") {
		return "", false
	}
	keywords := strings.Split(e.KeywordLocation, "/")
	for i := 1; i < len(keywords); i++ {
		switch keywords[i] {
		case "properties", "patternProperties", "dependencies", "dependentSchemas":
			i++ // what follows is a name
		case "propertyNames":
			pointer := e.InstanceLocation
			return unescapeValidator(pointer[strings.LastIndexByte(pointer, '/')+1:]), true
		}
	}
	return "", false
}
