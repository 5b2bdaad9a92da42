package schema

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/invopop/jsonschema"
)

// For returns the schema of the Go type T: see [Reflect].
func For[T any]() (json.RawMessage, error) { return Reflect(reflect.TypeFor[T]()) }

// Reflect returns the schema of the JSON that a value of type t encodes to. Field
// names and optionality follow the json tags; the jsonschema tags (title,
// description, enum, minimum, ...) of github.com/invopop/jsonschema are honoured.
// The schema is self-contained.
func Reflect(t reflect.Type) (json.RawMessage, error) {
	r := jsonschema.Reflector{Anonymous: true, DoNotReference: true, ExpandedStruct: true}
	s := r.ReflectFromType(t)
	s.Version = ""
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("schema: reflect %v: %w", t, err)
	}
	return text, nil
}
