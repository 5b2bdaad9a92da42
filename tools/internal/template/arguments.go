package template

import (
	stdjson "encoding/json"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
)

// Arguments ties placeholders to the properties of an input schema. It does not
// change, and its methods may be called at once.
type Arguments struct {
	// Schema is the input schema: the one that was given, or one that was made of the
	// names of the placeholders.
	Schema stdjson.RawMessage

	defaults map[string]jsontext.Value // of the placeholders that have one
}

// Bind ties the placeholders of these names to the input schema, each of whose
// properties may have a default. Without a schema it makes one, in which every name is
// a required string and nothing else is accepted.
func Bind(input stdjson.RawMessage, names []string) (*Arguments, error) {
	a := &Arguments{Schema: input, defaults: map[string]jsontext.Value{}}
	if input == nil {
		var err error
		a.Schema, err = inputSchema(names)
		return a, err
	}
	var root struct {
		Properties map[string]jsontext.Value `json:"properties"`
	}
	if err := json.Unmarshal(input, &root); err != nil {
		return nil, fmt.Errorf("input schema: %w", err)
	}
	for _, name := range names {
		property, ok := root.Properties[name]
		if !ok {
			return nil, fmt.Errorf("the placeholder {%s} is no property of the input schema", name)
		}
		if err := a.addDefault(name, property); err != nil {
			return nil, fmt.Errorf("input schema: the default of %q: %w", name, err)
		}
	}
	return a, nil
}

// addDefault takes down the default of a property, if it has one. A property may be
// a boolean schema.
func (a *Arguments) addDefault(name string, property jsontext.Value) error {
	if property.Kind() != '{' {
		return nil
	}
	var schema struct {
		Default jsontext.Value `json:"default"`
	}
	if err := json.Unmarshal(property, &schema); err != nil {
		return err
	}
	if present(schema.Default) {
		a.defaults[name] = schema.Default
	}
	return nil
}

// inputSchema returns a schema in which every name is a required string.
func inputSchema(names []string) (stdjson.RawMessage, error) {
	type property struct {
		Type string `json:"type"`
	}
	schema := struct {
		Type       string              `json:"type"`
		Properties map[string]property `json:"properties,omitzero"`
		Required   []string            `json:"required,omitempty"`
		Additional bool                `json:"additionalProperties"`
	}{Type: "object", Properties: map[string]property{}}
	for _, name := range names {
		if _, ok := schema.Properties[name]; !ok {
			schema.Properties[name] = property{Type: "string"}
			schema.Required = append(schema.Required, name)
		}
	}
	text, err := json.Marshal(schema, json.Deterministic(true))
	return stdjson.RawMessage(text), err
}

// Values returns the arguments of a call, a JSON object, with the defaults of those
// that are missing or null. They are JSON as it was written and not decoded, to keep
// numbers and members as they are.
func (a *Arguments) Values(arguments []byte) (map[string]jsontext.Value, error) {
	var given map[string]jsontext.Value
	if len(arguments) > 0 {
		if err := json.Unmarshal(arguments, &given); err != nil {
			return nil, tools.Errorf("the arguments are not a JSON object: %w", err)
		}
	}
	values := make(map[string]jsontext.Value, len(given)+len(a.defaults))
	for name, value := range a.defaults {
		values[name] = value
	}
	for name, value := range given {
		if present(value) {
			values[name] = value
		}
	}
	return values, nil
}

// Texts returns the arguments of a call as texts: see [Text].
func (a *Arguments) Texts(arguments []byte) (map[string]string, error) {
	values, err := a.Values(arguments)
	if err != nil {
		return nil, err
	}
	texts := make(map[string]string, len(values))
	for name, value := range values {
		if texts[name], err = Text(value); err != nil {
			return nil, tools.Errorf("the argument %q: %w", name, err)
		}
	}
	return texts, nil
}

// Text returns what a JSON value is filled in as: a string as it is, a number or a
// boolean as its JSON text, an array or object as compact JSON.
func Text(value jsontext.Value) (string, error) {
	if value.Kind() == '"' {
		text, err := jsontext.AppendUnquote(nil, value)
		return string(text), err
	}
	compact := value.Clone()
	err := compact.Compact()
	return string(compact), err
}

// present reports whether there is a value: null and no value at all are none.
func present(value jsontext.Value) bool { return value.Kind() != 0 && value.Kind() != 'n' }
