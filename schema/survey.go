package schema

import (
	"encoding"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/invopop/jsonschema"
)

// A survey is what a type holds: which types in it contain themselves. They
// are the only ones that are referred to; a reflector that inlines all would not come
// to an end.
type survey struct {
	root      reflect.Type
	recursive []reflect.Type
	names     map[reflect.Type]string // of the recursive ones
}

// newSurvey walks a type and all that it holds. The reflector panics on what JSON cannot
// hold and loops on a struct that embeds itself, so both are looked for first.
func newSurvey(root reflect.Type) (*survey, error) {
	found := &survey{root: root, names: map[reflect.Type]string{}}
	if err := found.visit(root, nil, map[reflect.Type]bool{}, ""); err != nil {
		return nil, err
	}
	found.name()
	return found, nil
}

// visit walks t; way holds the types from the root to it.
func (f *survey) visit(t reflect.Type, way []reflect.Type, seen map[reflect.Type]bool, path string) error {
	if t.Kind() == reflect.Pointer {
		return f.visit(t.Elem(), way, seen, path)
	}
	if err := encodable(t, path); err != nil {
		return err
	}
	if opaque(t) {
		return nil
	}
	// Every circle of types passes a type with a name.
	if t.Name() != "" {
		if slices.Contains(way, t) && !slices.Contains(f.recursive, t) {
			f.recursive = append(f.recursive, t)
		}
		if seen[t] {
			return nil
		}
		seen[t] = true
		way = append(way, t)
	}
	switch t.Kind() {
	case reflect.Struct:
		return f.fields(t, way, seen, path)
	case reflect.Slice, reflect.Array, reflect.Map:
		return f.visit(t.Elem(), way, seen, path+"[]")
	}
	return nil
}

func (f *survey) fields(t reflect.Type, way []reflect.Type, seen map[reflect.Type]bool, path string) error {
	for i := range t.NumField() {
		field := t.Field(i)
		if !encoded(field) {
			continue
		}
		if embedded(field) && slices.Contains(way, direct(field.Type)) {
			return fmt.Errorf("%v embeds itself", direct(field.Type))
		}
		if err := f.visit(field.Type, way, seen, path+"."+field.Name); err != nil {
			return err
		}
	}
	return nil
}

// name gives the recursive types names that differ: those of two packages may not.
func (f *survey) name() {
	taken := map[string]bool{}
	for _, t := range f.recursive {
		base := strings.Map(wordRune, t.Name())
		name := base
		for n := 2; taken[name]; n++ {
			name = base + strconv.Itoa(n)
		}
		taken[name] = true
		f.names[t] = name
	}
}

// wordRune keeps what needs no escape in a reference; type arguments have more.
func wordRune(r rune) rune {
	if r == '_' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' {
		return r
	}
	return '_'
}

// encodable returns an error for a type that has no JSON form.
func encodable(t reflect.Type, path string) error {
	if path != "" {
		path = " at " + path
	}
	if t == reflect.TypeFor[time.Duration]() {
		return fmt.Errorf("a time.Duration%s has no JSON form: use a number of a unit that the name says", path)
	}
	if t == reflect.TypeFor[url.URL]() {
		return fmt.Errorf("a url.URL%s has no JSON form: use a string", path)
	}
	if opaque(t) {
		return nil
	}
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer, reflect.Uintptr:
		return fmt.Errorf("a %v%s has no JSON form", t, path)
	case reflect.Map:
		if !isKey(t.Key()) {
			return fmt.Errorf("a map with keys of type %v%s has no JSON form", t.Key(), path)
		}
	}
	return nil
}

func isKey(t reflect.Type) bool {
	switch k := t.Kind(); {
	case k == reflect.String, reflect.Int <= k && k <= reflect.Uint64:
		return true
	}
	return implements[encoding.TextMarshaler](t)
}

// opaque reports whether the fields and elements of t do not show in its JSON.
func opaque(t reflect.Type) bool {
	return t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[json.RawMessage]() ||
		isBytes(t) || describesItself(t) || encodesItself(t) || implements[encoding.TextMarshaler](t)
}

func isBytes(t reflect.Type) bool {
	return (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) && t.Elem().Kind() == reflect.Uint8
}

// describesItself reports whether t has a schema of its own.
func describesItself(t reflect.Type) bool {
	_, ok := reflect.Zero(t).Interface().(interface{ JSONSchema() *jsonschema.Schema })
	return ok && t.Kind() != reflect.Interface
}

func encodesItself(t reflect.Type) bool {
	return implements[jsonv2.Marshaler](t) || implements[jsonv2.MarshalerTo](t)
}

func implements[I any](t reflect.Type) bool {
	i := reflect.TypeFor[I]()
	return t.Implements(i) || t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(i)
}

// encoded reports whether a field shows in the JSON of its struct.
func encoded(field reflect.StructField) bool {
	return (field.IsExported() || field.Anonymous) && field.Tag.Get("json") != "-"
}

// embedded reports whether the fields of a field's type show in place of the field.
func embedded(field reflect.StructField) bool {
	name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
	inline := slices.Contains(strings.Split(options, ","), "inline")
	return direct(field.Type).Kind() == reflect.Struct && (field.Anonymous && name == "" || inline)
}

func direct(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}
