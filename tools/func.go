package tools

import (
	"context"
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json"

	"github.com/sluice-dev/sluice/schema"
)

// Func makes a tool of a Go function. What it adds to a [Handler] is exactly this:
//
//   - the input schema is reflected from In, a struct or a map with string keys
//     (see [schema.Reflect] for the tags), and the arguments arrive decoded into it;
//   - an Out of type string becomes text content; one that implements [Content] is
//     the content; a [*Result] is returned as it is; any other Out is encoded to
//     JSON, given as structured content and, for clients that read only text, as
//     text, with the output schema reflected from Out;
//   - a mistake in the types is kept for [Registry.Add] to report.
//
// Errors are treated as those of any Handler: see [Errorf].
func Func[In, Out any](name, description string, f func(context.Context, In) (Out, error)) *Tool {
	tool := &Tool{Definition: Definition{Name: name, Description: description}}
	if tool.InputSchema, tool.err = schema.For[In](); tool.err != nil {
		return tool
	}
	if structured[Out]() {
		if tool.OutputSchema, tool.err = schema.For[Out](); tool.err != nil {
			return tool
		}
	}
	tool.Handler = HandlerFunc(func(ctx context.Context, call *Call) (*Result, error) {
		var in In
		if err := json.Unmarshal(call.Arguments, &in); err != nil {
			return nil, Errorf("the arguments do not fit: %w", err)
		}
		out, err := f(ctx, in)
		if err != nil {
			return nil, err
		}
		return resultOf(out)
	})
	return tool
}

// structured reports whether values of type Out are given as structured content.
func structured[Out any]() bool {
	t := reflect.TypeFor[Out]()
	return t.Kind() != reflect.String && t.Kind() != reflect.Interface &&
		t != reflect.TypeFor[*Result]() && !t.Implements(reflect.TypeFor[Content]())
}

func resultOf(out any) (*Result, error) {
	switch out := out.(type) {
	case *Result:
		return out, nil
	case Content:
		return &Result{Content: []Content{out}}, nil
	case string:
		return TextResult(out), nil
	}
	text, err := json.Marshal(out, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode the result: %w", err)
	}
	return &Result{Content: []Content{Text{Text: string(text)}}, Structured: text}, nil
}
