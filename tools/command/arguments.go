package command

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
)

// bind ties the placeholders to the properties of the input schema, and takes the
// defaults from there. Without a schema it makes one.
func (p *program) bind(input stdjson.RawMessage) error {
	var names []string
	for _, t := range append(slices.Clone(p.argv), p.stdin) {
		names = append(names, t.names()...)
	}
	for _, name := range p.allowDash {
		if !slices.Contains(names, name) {
			return fmt.Errorf("a leading dash is allowed for %q, which is no placeholder", name)
		}
	}
	if input == nil {
		var err error
		p.input, err = inputSchema(names)
		return err
	}
	p.input = input
	return p.bindProperties(names)
}

func (p *program) bindProperties(names []string) error {
	var root struct {
		Properties map[string]jsontext.Value `json:"properties"`
	}
	if err := json.Unmarshal(p.input, &root); err != nil {
		return fmt.Errorf("input schema: %w", err)
	}
	p.defaults = map[string]string{}
	for _, name := range names {
		property, ok := root.Properties[name]
		if !ok {
			return fmt.Errorf("the placeholder {%s} is no property of the input schema", name)
		}
		if err := addDefault(p.defaults, name, property); err != nil {
			return fmt.Errorf("input schema: the default of %q: %w", name, err)
		}
	}
	return nil
}

// addDefault takes down the default of a property, if it has one. A property may be
// a boolean schema.
func addDefault(defaults map[string]string, name string, property jsontext.Value) error {
	if property.Kind() != '{' {
		return nil
	}
	var schema struct {
		Default jsontext.Value `json:"default"`
	}
	if err := json.Unmarshal(property, &schema); err != nil {
		return err
	}
	return put(defaults, name, schema.Default)
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

// values returns the arguments of a call as texts, defaults included. It reads their
// JSON and not the decoded values, to keep numbers and members as they were written.
func (p *program) values(arguments []byte) (map[string]string, error) {
	var given map[string]jsontext.Value
	if len(arguments) > 0 {
		if err := json.Unmarshal(arguments, &given); err != nil {
			return nil, tools.Errorf("the arguments are not a JSON object: %w", err)
		}
	}
	values := make(map[string]string, len(given)+len(p.defaults))
	for name, value := range p.defaults {
		values[name] = value
	}
	for name, value := range given {
		if err := put(values, name, value); err != nil {
			return nil, tools.Errorf("the argument %q: %w", name, err)
		}
	}
	return values, nil
}

// put sets the text of a JSON value; null and no value at all set nothing.
func put(values map[string]string, name string, value jsontext.Value) error {
	switch value.Kind() {
	case 0, 'n':
		return nil
	case '"':
		text, err := jsontext.AppendUnquote(nil, value)
		values[name] = string(text)
		return err
	}
	err := value.Compact()
	values[name] = string(value)
	return err
}

// fillArgs returns the argument vector for the values.
func (p *program) fillArgs(values map[string]string) ([]string, error) {
	argv := make([]string, 0, len(p.argv))
	for _, t := range p.argv {
		arg, ok := t.fill(values)
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

func (p *program) checkArg(t template, arg string, values map[string]string) error {
	if strings.IndexByte(arg, 0) >= 0 {
		return tools.Errorf("the argument for %s: %w", t, errNUL)
	}
	if !strings.HasPrefix(arg, "-") {
		return nil
	}
	if name := t.lead(values); name != "" && !slices.Contains(p.allowDash, name) {
		return tools.Errorf(`the argument %q begins with "-", which %s could take for an option; `+
			`give a value that begins otherwise (for a path, "./-...")`, name, p.base())
	}
	return nil
}
