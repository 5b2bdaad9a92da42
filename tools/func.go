package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/schema"
)

// Func makes a tool of a Go function. What it adds to a [Handler] is exactly this:
//
//   - the input schema is reflected from In, a struct or a map with string keys
//     (see [schema.Reflect] for the tags), and the arguments arrive decoded into it;
//   - an Out of type string becomes text content; one that implements [Content] is
//     the content, and a []Content are several; a [*Result] is returned as it is; any
//     other Out is encoded to JSON, given as structured content and, for clients that
//     read only text, as text, with the output schema reflected from Out (none where
//     Out is an interface). Nil slices and maps are encoded as empty ones;
//   - a mistake in the types is kept for [Registry.Add] to report.
//
// Errors are treated as those of any Handler: see [Errorf]. A nil pointer without an
// error is an error, since no schema of a result allows it, and so is a value that
// JSON cannot hold.
func Func[In, Out any](name, description string, f func(context.Context, In) (Out, error)) *Tool {
	tool := &Tool{Definition: Definition{Name: name, Description: description}}
	if tool.err = describe[In, Out](&tool.Definition); tool.err != nil {
		return tool
	}
	form := formOf(reflect.TypeFor[In]())
	tool.Handler = HandlerFunc(func(ctx context.Context, call *Call) (*Result, error) {
		in, err := input[In](call, form)
		if err != nil {
			return nil, err
		}
		out, err := f(ctx, in)
		if err != nil {
			return nil, err
		}
		return resultOf(out)
	})
	return tool
}

// describe reflects the schemas.
func describe[In, Out any](d *Definition) (err error) {
	if in := reflect.TypeFor[In](); !isObject(in) {
		return fmt.Errorf("input type %v: arguments are an object, so it must be a struct or a map with string keys", in)
	}
	if d.InputSchema, err = schema.For[In](); err != nil {
		return fmt.Errorf("input type: %w", err)
	}
	if !structured(reflect.TypeFor[Out]()) {
		return nil
	}
	if d.OutputSchema, err = schema.For[Out](); err != nil {
		return fmt.Errorf("output type: %w", err)
	}
	return nil
}

func isObject(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct || t.Kind() == reflect.Map && t.Key().Kind() == reflect.String
}

// structured reports whether values of type t are given as structured content.
func structured(t reflect.Type) bool {
	return t.Kind() != reflect.String && t.Kind() != reflect.Interface && t != reflect.TypeFor[*Result]() &&
		t != reflect.TypeFor[[]Content]() && !t.Implements(reflect.TypeFor[Content]())
}

// errNoResult is what a function earns that returns nothing and no error.
var errNoResult = errors.New("the function returned nil and no error")

func resultOf[Out any](value Out) (*Result, error) {
	v := reflect.ValueOf(value)
	isContent := reflect.TypeFor[Out]().Implements(reflect.TypeFor[Content]())
	if v.Kind() == reflect.Pointer && v.IsNil() || isContent && !v.IsValid() {
		return nil, errNoResult
	}
	switch out := any(value).(type) {
	case *Result:
		return out, nil
	case Content:
		return &Result{Content: []Content{direct(out)}}, nil
	case []Content:
		return contents(out)
	}
	if v.Kind() == reflect.String {
		return TextResult(v.String()), nil
	}
	return encode(value)
}

func contents(blocks []Content) (*Result, error) {
	result := &Result{Content: make([]Content, len(blocks))}
	for i, block := range blocks {
		if v := reflect.ValueOf(block); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
			return nil, errNoResult
		}
		result.Content[i] = direct(block)
	}
	return result, nil
}

// direct makes a value of a pointer to one: the types of content have value receivers,
// so their pointers are content too, and nobody else need know both.
func direct(block Content) Content {
	if v := reflect.ValueOf(block); v.Kind() == reflect.Pointer {
		if value, ok := v.Elem().Interface().(Content); ok {
			return value
		}
	}
	return block
}

func encode(out any) (*Result, error) {
	text, err := jsonv2.Marshal(out, jsonv2.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, fmt.Errorf("encode the result: %w", err)
	}
	return &Result{Content: []Content{Text{Text: string(text)}}, Structured: json.RawMessage(text)}, nil
}
