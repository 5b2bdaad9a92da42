package tools

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
)

// A form fills structs of one type from arguments that are decoded already, so that
// these are not read a second time. It is for plain types only, and declines whatever is
// not as simple as it looks: then the arguments are decoded in the ordinary way, which
// also says what is wrong. So the two never differ.
type form []blank

type blank struct {
	name  string
	index int
	fill  filler
}

// A filler sets a value, or declines.
type filler func(to reflect.Value, from any) bool

// formOf returns the form of a struct type; nil where there is none.
func formOf(t reflect.Type) form {
	if t.Kind() != reflect.Struct || decodesItself(t) {
		return nil
	}
	f := form{}
	seen := map[string]bool{}
	for i := range t.NumField() {
		field := t.Field(i)
		tag, tagged := field.Tag.Lookup("json")
		switch {
		case field.Anonymous:
			return nil
		case !field.IsExported() && !tagged, tag == "-":
			continue
		}
		name, plain := plainName(field.Name, tag)
		fill := fillerOf(field.Type)
		if !plain || fill == nil || seen[name] || !field.IsExported() {
			return nil
		}
		seen[name] = true
		f = append(f, blank{name, i, fill})
	}
	return f
}

// plainName returns the name of a field in JSON, where its tag says nothing else that
// matters to decoding.
func plainName(field, tag string) (name string, plain bool) {
	name, options, _ := strings.Cut(tag, ",")
	if name == "" {
		name = field
	}
	plain = !strings.ContainsAny(name, "'\"\\`")
	for option := range strings.SplitSeq(options, ",") {
		plain = plain && (option == "" || option == "omitempty" || option == "omitzero")
	}
	return name, plain
}

func fillerOf(t reflect.Type) filler {
	if decodesItself(t) {
		return nil
	}
	switch t.Kind() {
	case reflect.String:
		return fillString
	case reflect.Bool:
		return fillBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return fillInt
	case reflect.Float64:
		return fillFloat
	case reflect.Pointer:
		return pointerFiller(t.Elem())
	}
	return nil
}

var decoders = []reflect.Type{
	reflect.TypeFor[json.Unmarshaler](), reflect.TypeFor[jsonv2.UnmarshalerFrom](), reflect.TypeFor[encoding.TextUnmarshaler](),
}

// decodesItself reports whether a type has its own idea of its JSON.
func decodesItself(t reflect.Type) bool {
	for _, decoder := range decoders {
		if t.Implements(decoder) || reflect.PointerTo(t).Implements(decoder) {
			return true
		}
	}
	return t == reflect.TypeFor[json.Number]() || t.PkgPath() == "time"
}

func fillString(to reflect.Value, from any) bool {
	text, ok := from.(string)
	to.SetString(text)
	return ok
}

func fillBool(to reflect.Value, from any) bool {
	value, ok := from.(bool)
	to.SetBool(value)
	return ok
}

func fillInt(to reflect.Value, from any) bool {
	number, _ := from.(json.Number)
	value, err := strconv.ParseInt(string(number), 10, to.Type().Bits())
	to.SetInt(value)
	return err == nil
}

func fillFloat(to reflect.Value, from any) bool {
	number, _ := from.(json.Number)
	value, err := strconv.ParseFloat(string(number), 64)
	to.SetFloat(value)
	return err == nil
}

func pointerFiller(t reflect.Type) filler {
	fill := fillerOf(t)
	if fill == nil || t.Kind() == reflect.Pointer {
		return nil
	}
	return func(to reflect.Value, from any) bool {
		value := reflect.New(t)
		to.Set(value)
		return fill(value.Elem(), from)
	}
}

// fill sets the fields of the struct that to points to. What is not in the arguments
// stays as it is. Where it declines, some of the fields may be set.
func (f form) fill(to any, arguments map[string]any) bool {
	v := reflect.ValueOf(to).Elem()
	for _, b := range f {
		if value, ok := arguments[b.name]; ok && !b.fill(v.Field(b.index), value) {
			return false
		}
	}
	return true
}
