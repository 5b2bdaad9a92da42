package schema

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
)

// schema reflects the root, and the types that contain themselves beside it.
func (f *survey) schema() *jsonschema.Schema {
	reflector := &jsonschema.Reflector{
		Anonymous: true, DoNotReference: true, ExpandedStruct: true,
		Mapper: mapType, Lookup: f.reference,
	}
	root := reflectOne(reflector, f.root)
	for _, t := range f.recursive {
		if t == f.root {
			continue
		}
		if root.Definitions == nil {
			root.Definitions = jsonschema.Definitions{}
		}
		root.Definitions[f.names[t]] = reflectOne(reflector, t)
	}
	return root
}

func reflectOne(reflector *jsonschema.Reflector, t reflect.Type) *jsonschema.Schema {
	s := reflector.ReflectFromType(t)
	s.Version, s.ID = "", ""
	tidy(s, t)
	return s
}

// reference is where a type that contains itself is found in the schema.
func (f *survey) reference(t reflect.Type) jsonschema.ID {
	name, ok := f.names[t]
	switch {
	case !ok:
		return ""
	case t == f.root:
		return "#"
	}
	return jsonschema.ID("#/$defs/" + name)
}

// mapType gives the schemas that the reflector would get wrong: it does not know what
// a type's methods make of its JSON, nor the bounds of integers.
func mapType(t reflect.Type) *jsonschema.Schema {
	switch {
	case describesItself(t), t == reflect.TypeFor[time.Time](), t == reflect.TypeFor[json.RawMessage]():
		return nil
	case encodesItself(t):
		return anything()
	case implements[encoding.TextMarshaler](t) && t.Kind() != reflect.Interface:
		return &jsonschema.Schema{Type: "string"}
	case isBytes(t):
		return &jsonschema.Schema{Type: "string", ContentEncoding: "base64"}
	case extendsItself(t):
		return nil
	}
	return integer(t)
}

func extendsItself(t reflect.Type) bool {
	return implements[interface{ JSONSchemaExtend(*jsonschema.Schema) }](t)
}

// integer returns the schema of an integer with bounds, and nil for any other type.
func integer(t reflect.Type) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "integer"}
	switch k := t.Kind(); {
	case k == reflect.Uint, k == reflect.Uint64:
		s.Minimum = "0"
	case reflect.Uint8 <= k && k <= reflect.Uint32:
		s.Minimum = "0"
		s.Maximum = json.Number(strconv.FormatUint(1<<t.Bits()-1, 10))
	case reflect.Int8 <= k && k <= reflect.Int32:
		s.Minimum = json.Number(strconv.FormatInt(-1<<(t.Bits()-1), 10))
		s.Maximum = json.Number(strconv.FormatInt(1<<(t.Bits()-1)-1, 10))
	default:
		return nil
	}
	return s
}

// anything is the schema {}. Without Extras the reflector writes it as true, which
// some clients do not take for a schema.
func anything() *jsonschema.Schema { return &jsonschema.Schema{Extras: map[string]any{}} }

// tidy makes of a reflected schema what the encoding of t holds: an empty schema is
// written {}, and a pointer that is not left out when it is nil may be null.
func tidy(s *jsonschema.Schema, t reflect.Type) {
	t = direct(t)
	if reflect.DeepEqual(s, &jsonschema.Schema{}) {
		*s = *anything()
		return
	}
	if s.Ref != "" || opaque(t) {
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		tidyFields(s, t)
		if s.Properties != nil && s.Properties.Len() == 0 {
			s.Properties = nil
		}
	case reflect.Slice, reflect.Array:
		if s.Items != nil {
			tidy(s.Items, t.Elem())
		}
	case reflect.Map:
		tidyValues(s, t.Elem())
	}
}

func tidyFields(s *jsonschema.Schema, t reflect.Type) {
	for i := range t.NumField() {
		field := t.Field(i)
		if !encoded(field) || s.Properties == nil {
			continue
		}
		if embedded(field) {
			tidyFields(s, direct(field.Type))
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			name = field.Name
		}
		property, ok := s.Properties.Get(name)
		if !ok {
			continue
		}
		tidy(property, field.Type)
		if field.Type.Kind() == reflect.Pointer && !strings.Contains(options, "omit") {
			s.Properties.Set(name, nullable(property))
		}
	}
}

func tidyValues(s *jsonschema.Schema, elem reflect.Type) {
	// For integer keys the reflector has a pattern without the sign.
	for _, sub := range s.PatternProperties {
		s.PatternProperties, s.AdditionalProperties = nil, sub
	}
	if s.AdditionalProperties != nil {
		tidy(s.AdditionalProperties, elem)
	}
}

// nullable leaves the description outside, where clients look for it.
func nullable(s *jsonschema.Schema) *jsonschema.Schema {
	if len(s.OneOf) > 0 || s.Type == "" && s.Ref == "" {
		return s // null already, or anything
	}
	inner := *s
	inner.Title, inner.Description = "", ""
	return &jsonschema.Schema{
		Title: s.Title, Description: s.Description,
		AnyOf: []*jsonschema.Schema{&inner, {Type: "null"}},
	}
}
