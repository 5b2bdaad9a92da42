package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// For returns the schema of the Go type T: see [Reflect].
func For[T any]() (json.RawMessage, error) { return Reflect(reflect.TypeFor[T]()) }

// Reflect returns the schema of the JSON that a value of type t encodes to under the
// rules of encoding/json/v2. It is self-contained, without $schema and $id; $ref
// stands in it only where a type contains itself.
//
// Structs become objects that allow no other properties, maps become objects, slices
// and arrays become arrays. A []byte or [n]byte is a base64 string, a [time.Time] a
// string in the format date-time, a type that encodes itself as text a string, and
// one that encodes itself as JSON in another way, any and [json.RawMessage] are
// anything ({}). Integers carry the bounds of their type where it is narrower than 64
// bits or unsigned. The fields of embedded structs are those of the struct.
//
// These tags of a field count:
//
//   - json: the name; "-" leaves the field out; a field without omitempty and omitzero
//     is required, and where it is a pointer it may be null;
//   - jsonschema: keywords separated by commas, a comma in a value as "\\,": title=,
//     description=, default=, example=, enum= (repeated), minimum=, maximum=,
//     exclusiveMinimum=, exclusiveMaximum=, multipleOf=, minLength=, maxLength=,
//     pattern=, format=, minItems=, maxItems=, uniqueItems=true, nullable, required;
//   - jsonschema_description: a description, with commas as they are.
//
// A type may give its whole schema by a method JSONSchema, or change the reflected
// one by JSONSchemaExtend, as github.com/invopop/jsonschema defines them.
//
// A type that JSON has no value for (a channel, a function, a complex number), or
// none by default (a [time.Duration]), is an error that names where it was found.
func Reflect(t reflect.Type) (json.RawMessage, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	found, err := newSurvey(t)
	if err != nil {
		return nil, fmt.Errorf("schema: reflect %v: %w", t, err)
	}
	text, err := json.Marshal(found.schema())
	if err != nil {
		return nil, fmt.Errorf("schema: reflect %v: %w", t, err)
	}
	return text, nil
}
