package arguments

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// schema is what of a tool's input schema bears on the types of its properties.
type schema struct {
	Properties map[string]jsontext.Value `json:"properties"`
	Required   []string                  `json:"required"`
	Defs       map[string]jsontext.Value `json:"$defs"`
	OldDefs    map[string]jsontext.Value `json:"definitions"`
}

// newSchema reads a schema. One that makes no sense says nothing of any property,
// and the server has the last word anyway.
func newSchema(source json.RawMessage) *schema {
	s := new(schema)
	if jsonv2.Unmarshal(source, s) != nil {
		return new(schema)
	}
	return s
}

// maxDepth is how far references and alternatives are followed.
const maxDepth = 8

// typesOf returns the JSON types that the schema allows for a property; none where
// it does not say.
func (s *schema) typesOf(key string) types {
	found := map[string]bool{}
	s.collect(s.Properties[key], found, maxDepth)
	return slices.Sorted(maps.Keys(found))
}

// collect adds the types that a subschema allows, its alternatives included.
func (s *schema) collect(source jsontext.Value, found map[string]bool, depth int) {
	var sub struct {
		Type  jsontext.Value   `json:"type"`
		Ref   string           `json:"$ref"`
		AnyOf []jsontext.Value `json:"anyOf"`
		OneOf []jsontext.Value `json:"oneOf"`
		AllOf []jsontext.Value `json:"allOf"`
	}
	if depth == 0 || source == nil || jsonv2.Unmarshal(source, &sub) != nil {
		return
	}
	var one string
	var several []string
	switch {
	case sub.Type == nil:
	case jsonv2.Unmarshal(sub.Type, &one) == nil:
		found[one] = true
	case jsonv2.Unmarshal(sub.Type, &several) == nil:
		for _, name := range several {
			found[name] = true
		}
	}
	for _, part := range slices.Concat(sub.AnyOf, sub.OneOf, sub.AllOf) {
		s.collect(part, found, depth-1)
	}
	if name, ok := strings.CutPrefix(sub.Ref, "#/$defs/"); ok {
		s.collect(s.Defs[name], found, depth-1)
	} else if name, ok := strings.CutPrefix(sub.Ref, "#/definitions/"); ok {
		s.collect(s.OldDefs[name], found, depth-1)
	}
}

// types are names of JSON types, sorted.
type types []string

// textual reports whether a word stands for itself: a string is allowed, or nothing
// is said.
func (t types) textual() bool { return len(t) == 0 || slices.Contains(t, "string") }

// String words the types, for example "an integer or null".
func (t types) String() string {
	worded := make([]string, len(t))
	for i, name := range t {
		switch name {
		case "null":
			worded[i] = name
		case "array", "object":
			worded[i] = "a JSON " + name
		case "integer":
			worded[i] = "an integer"
		case "boolean":
			worded[i] = "true or false"
		default:
			worded[i] = "a " + name
		}
	}
	return strings.Join(worded, " or ")
}

// A Property is one argument that a tool takes, as a person is shown it.
type Property struct {
	Name     string
	Type     string // for example "integer", "string|null"; "any" where the schema does not say
	Required bool
	Source   json.RawMessage // its schema
}

// Properties returns the arguments that an input schema names: first the required
// ones in the order in which it requires them, then the others by name.
func Properties(source json.RawMessage) []Property {
	s := newSchema(source)
	var all []Property
	add := func(name string, required bool) {
		kind := strings.Join(s.typesOf(name), "|")
		if kind == "" {
			kind = "any"
		}
		all = append(all, Property{Name: name, Type: kind, Required: required, Source: json.RawMessage(s.Properties[name])})
	}
	seen := map[string]bool{}
	for _, name := range s.Required {
		if !seen[name] {
			seen[name] = true
			add(name, true)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if !seen[name] {
			add(name, false)
		}
	}
	return all
}
