package config

import (
	"encoding/json"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// A kind is one of the types that JSON has.
type kind string

const (
	null    kind = "nothing"
	boolean kind = "a boolean"
	number  kind = "a number"
	text    kind = "a string"
	list    kind = "a list"
	object  kind = "a mapping"
)

// A position is a place in the source, both from 1.
type position struct{ line, column int }

// A value is what the file holds at one place, with everything that is YAML's own
// resolved.
type value struct {
	kind   kind
	at     position
	scalar string   // a string itself; of a number and a boolean the JSON text
	items  []*value // of a list
	fields []field  // of an object, in the order of the file, no key twice
}

type field struct {
	key   string
	at    position
	value *value
}

// describe names the value for an error message: the kind, and a short scalar.
func (v *value) describe() string {
	switch {
	case v.kind == text && len(v.scalar) <= 40:
		return "the string " + strconv.Quote(v.scalar)
	case v.kind == number, v.kind == boolean:
		return "the " + string(v.kind)[len("a "):] + " " + v.scalar
	}
	return string(v.kind)
}

// json returns the value as compact JSON: keys in the order of the file, numbers as
// they were written where JSON has that form.
func (v *value) json() (json.RawMessage, error) {
	text, err := v.appendJSON(nil)
	return json.RawMessage(text), err
}

func (v *value) appendJSON(b []byte) (_ []byte, err error) {
	switch v.kind {
	case null:
		return append(b, "null"...), nil
	case text:
		return jsontext.AppendQuote(b, v.scalar)
	case list:
		b = append(b, '[')
		for i, item := range v.items {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = item.appendJSON(b); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case object:
		b = append(b, '{')
		for i, f := range v.fields {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = jsontext.AppendQuote(b, f.key); err != nil {
				return nil, err
			}
			if b, err = f.value.appendJSON(append(b, ':')); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	default: // boolean and number
		return append(b, v.scalar...), nil
	}
}
