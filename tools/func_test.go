package tools

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

type none struct{}

type point struct {
	X int     `json:"x"`
	Y float64 `json:"y,omitempty"`
}

// answer registers a tool that returns out, and calls it with no arguments.
func answer[Out any](t *testing.T, out Out) (*Entry, *Result, error) {
	t.Helper()
	var registry Registry
	if err := registry.Add(Func("f", "", func(context.Context, none) (Out, error) { return out, nil })); err != nil {
		t.Fatal(err)
	}
	entry, _ := registry.Snapshot().Lookup("f")
	result, err := entry.Handler.Call(t.Context(), &Call{Arguments: json.RawMessage("{}")})
	return entry, result, err
}

func text(s string) []Content { return []Content{Text{Text: s}} }

type label string

func TestFuncUnstructured(t *testing.T) {
	t.Parallel()
	given := &Result{IsError: true}
	check := func(entry *Entry, got *Result, err error) func(want *Result) {
		return func(want *Result) {
			t.Helper()
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v; want %+v", got, err, want)
			}
			if entry.Output != nil || entry.OutputSchema != nil {
				t.Errorf("an output schema %s", entry.OutputSchema)
			}
		}
	}
	check(answer(t, "a"))(&Result{Content: text("a")})
	check(answer(t, label("a")))(&Result{Content: text("a")})
	check(answer(t, Text{Text: "a"}))(&Result{Content: text("a")})
	check(answer(t, &Text{Text: "a"}))(&Result{Content: text("a")})
	check(answer[Content](t, &Image{MIMEType: "image/png"}))(&Result{Content: []Content{Image{MIMEType: "image/png"}}})
	check(answer(t, []Content{Text{Text: "a"}, &Audio{}}))(&Result{Content: []Content{Text{Text: "a"}, Audio{}}})
	check(answer(t, given))(given)
	check(answer[any](t, "a"))(&Result{Content: text("a")})
	check(answer[any](t, given))(given)
	check(answer[any](t, nil))(&Result{Content: text("null"), Structured: json.RawMessage("null")})
	check(answer[any](t, point{X: 1}))(&Result{Content: text(`{"x":1,"y":0}`), Structured: json.RawMessage(`{"x":1,"y":0}`)})
}

func TestFuncStructured(t *testing.T) {
	t.Parallel()
	one := 1
	fits(t, point{X: 1}, `{"x":1,"y":0}`)
	fits(t, &point{X: 1}, `{"x":1,"y":0}`)
	fits(t, map[string]int{"b": 1, "a": 2}, `{"a":2,"b":1}`)
	fits(t, map[string]int(nil), `{}`)
	fits(t, []point(nil), `[]`)
	fits(t, []string{"a\xffb"}, `["a`+"\ufffd"+`b"]`)
	fits(t, 5, `5`)
	fits(t, true, `true`)
	fits(t, []byte(nil), `""`)
	fits(t, struct{ P, Q *int }{P: &one}, `{"P":1,"Q":null}`)
	fits(t, struct{ S []int }{}, `{"S":[]}`)
	fits(t, time.Unix(0, 0).UTC(), `"1970-01-01T00:00:00Z"`)
}

func fits[Out any](t *testing.T, out Out, want string) {
	t.Helper()
	entry, result, err := answer(t, out)
	if err != nil {
		t.Errorf("%T: %v", out, err)
		return
	}
	if string(result.Structured) != want || !reflect.DeepEqual(result.Content, text(want)) {
		t.Errorf("%T: %s and %v, want %s", out, result.Structured, result.Content, want)
	}
	var value any
	dec := json.NewDecoder(strings.NewReader(want))
	dec.UseNumber()
	if err := dec.Decode(&value); err != nil {
		t.Fatal(err)
	}
	if err := entry.Output.Validate(value); err != nil {
		t.Errorf("%T: %s does not fit %s: %v", out, want, entry.OutputSchema, err)
	}
}

type ring struct {
	Next *ring `json:"next,omitempty"`
}

func TestFuncCannotEncode(t *testing.T) {
	t.Parallel()
	circle := &ring{}
	circle.Next = circle
	self := map[string]any{}
	self["self"] = self
	fails := func(want string) func(*Entry, *Result, error) {
		return func(_ *Entry, result *Result, err error) {
			t.Helper()
			var public *Error
			if err == nil || result != nil || !strings.Contains(err.Error(), want) || errors.As(err, &public) {
				t.Errorf("%v, %v; want a plain error with %q", result, err, want)
			}
		}
	}
	fails("NaN")(answer(t, point{Y: math.NaN()}))
	fails("cycle")(answer(t, circle))
	fails("cycle")(answer(t, self))
	fails("chan")(answer[any](t, make(chan int)))
	fails("func")(answer(t, map[string]any{"f": func() {}}))
	fails("nil and no error")(answer[*point](t, nil))
	fails("nil and no error")(answer[*Result](t, nil))
	fails("nil and no error")(answer[*Text](t, nil))
	fails("nil and no error")(answer[Content](t, nil))
	fails("nil and no error")(answer(t, []Content{nil}))
	fails("nil and no error")(answer(t, []Content{(*Text)(nil)}))
}

func TestFuncRefusesTypes(t *testing.T) {
	t.Parallel()
	refuses[int, string](t, "input type int: arguments are an object")
	refuses[string, string](t, "input type string")
	refuses[[]point, string](t, "input type []tools.point")
	refuses[map[int]string, string](t, "input type map[int]string")
	refuses[any, string](t, "must be a struct or a map")
	refuses[time.Time, string](t, `its "type" must be "object"`)
	refuses[struct{ C chan int }, string](t, "input type: schema: reflect")
	refuses[none, struct{ F func() }](t, "output type: schema: reflect")
	refuses[none, time.Duration](t, "time.Duration has no JSON form")
}

func refuses[In, Out any](t *testing.T, want string) {
	t.Helper()
	tool := Func("f", "", func(context.Context, In) (out Out, err error) { return })
	if err := new(Registry).Add(tool); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v; want an error with %q", err, want)
	}
}

type numbers struct {
	I   int            `json:"i,omitempty"`
	U8  uint8          `json:"u8,omitempty"`
	P   *int64         `json:"p,omitempty"`
	L   []int          `json:"l,omitempty"`
	M   map[string]int `json:"m,omitempty"`
	F   float64        `json:"f,omitempty"`
	Any any            `json:"any,omitempty"`
}

func TestFuncDecodesNumbers(t *testing.T) {
	t.Parallel()
	big := int64(9007199254740993)
	for arguments, want := range map[string]numbers{
		`{"i":5.0}`:                       {I: 5},
		`{"i":5e0,"f":1.5}`:               {I: 5, F: 1.5},
		`{"u8":2.55E2}`:                   {U8: 255},
		`{"i":-0.0}`:                      {},
		`{"p":9007199254740993.0}`:        {P: &big},
		`{"p":9.007199254740993e15}`:      {P: &big},
		`{"l":[1.0,20e-1],"m":{"a":3.0}}`: {L: []int{1, 2}, M: map[string]int{"a": 3}},
		`{"f":5.0,"any":1.0}`:             {F: 5, Any: 1.0},
	} {
		var in numbers
		if err := decode(json.RawMessage(arguments), &in); err != nil || !reflect.DeepEqual(in, want) {
			t.Errorf("%s: %+v, %v; want %+v", arguments, in, err, want)
		}
	}
	for arguments, want := range map[string]string{
		`{"i":5.5}`:               "argument /i: 5.5 does not fit into int",
		`{"u8":256}`:              "argument /u8: 256 does not fit into uint8",
		`{"u8":256.0}`:            "argument /u8: 256.0 does not fit into uint8",
		`{"i":1e400}`:             "argument /i: 1e400 does not fit into int",
		`{"i":1e999999999}`:       "does not fit into int",
		`{"l":[1,"x"]}`:           "argument /l/1: a JSON string does not fit into int",
		`{"i":1.0,"l":[{"a":1}]}`: "does not fit",
		`{"i"`:                    "the arguments do not fit",
	} {
		var in numbers
		err := decode(json.RawMessage(arguments), &in)
		var public *Error
		if !errors.As(err, &public) || !strings.Contains(public.Message, want) {
			t.Errorf("%s: %v; want %q", arguments, err, want)
		}
	}
}

func TestWholeNumber(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"5": "5", "5.0": "5", "-5.00e1": "-50", "1e18": "1000000000000000000", "10e-1": "1", "0.0": "0",
		"5.5": "5.5", "1e-1": "1e-1", "1e400": "1e400", "1e999999": "1e999999", "1e-999999": "1e-999999",
		"18446744073709551615.0": "18446744073709551615", "18446744073709551616.0": "18446744073709551616.0",
	} {
		if got := wholeNumber(number); got != want {
			t.Errorf("wholeNumber(%s) = %s, want %s", number, got, want)
		}
	}
}

func TestFuncPassesErrors(t *testing.T) {
	t.Parallel()
	tool := Func("f", "says", func(_ context.Context, in point) (string, error) {
		if in.X == 1 {
			return "", io.ErrUnexpectedEOF
		}
		return "", Errorf("no point %d: %w", in.X, io.EOF)
	})
	if tool.Name != "f" || tool.Description != "says" {
		t.Errorf("the definition is %+v", tool.Definition)
	}
	if _, err := tool.Handler.Call(t.Context(), &Call{Arguments: json.RawMessage(`{"x":1}`)}); err != io.ErrUnexpectedEOF {
		t.Errorf("%v; want the function's own error", err)
	}
	_, err := tool.Handler.Call(t.Context(), &Call{Arguments: json.RawMessage(`{"x":2}`)})
	var public *Error
	if !errors.As(err, &public) || public.Message != "no point 2: EOF" || err.Error() != public.Message || !errors.Is(err, io.EOF) {
		t.Errorf("%v; want an *Error that wraps io.EOF", err)
	}
}

func BenchmarkFunc(b *testing.B) {
	tool := Func("f", "", func(_ context.Context, in point) (point, error) { return in, nil })
	call := &Call{Arguments: json.RawMessage(`{"x":1,"y":2.5}`)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tool.Handler.Call(b.Context(), call); err != nil {
			b.Fatal(err)
		}
	}
}
