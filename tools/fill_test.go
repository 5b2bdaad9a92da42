package tools

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/schema"
)

type nickname string

type plainInput struct {
	Text    string   `json:"text"`
	Named   nickname `json:"named,omitempty"`
	Yes     bool     `json:"yes"`
	Count   int      `json:"count,omitzero"`
	Small   int8     `json:"small"`
	Ratio   float64  `json:"ratio"`
	Maybe   *int     `json:"maybe"`
	Untitle string
	Ignored string `json:"-"`
	_       int
}

// TestForms checks which types are filled and which are decoded.
func TestForms(t *testing.T) {
	t.Parallel()
	for value, want := range map[any]bool{
		plainInput{}: true, struct{}{}: true,
		struct{ time.Time }{}:         false,
		struct{ A time.Time }{}:       false,
		struct{ A time.Duration }{}:   false,
		struct{ A json.Number }{}:     false,
		struct{ A any }{}:             false,
		struct{ A [2]int }{}:          false,
		struct{ A uint }{}:            false,
		struct{ A float32 }{}:         false,
		struct{ A **int }{}:           false,
		struct{ plainInput }{}:        false,
		struct{ A struct{ B int } }{}: false,
		struct {
			A int `json:"a,string"`
		}{}: false,
		struct {
			A int `json:"'a,b'"`
		}{}: false,
		struct {
			X int
			B int `json:"X"`
		}{}: false,
		time.Time{}: false, 1: false,
	} {
		if got := formOf(reflect.TypeOf(value)) != nil; got != want {
			t.Errorf("%T is filled: %v", value, got)
		}
	}
}

// FuzzFill holds what is filled to what is decoded.
func FuzzFill(f *testing.F) {
	for _, text := range []string{
		`{}`, `{"text":"a\n","named":"b","yes":true,"count":-1,"small":127,"ratio":1.5,"maybe":0,"Untitle":"c","x":[1]}`,
		`{"Text":"a","ignored":"a","Ignored":"b","-":"c","private":1}`, `{"small":128}`, `{"count":1.0}`, `{"count":1e3}`, `{"count":-0}`,
		`{"text":null}`, `{"maybe":null}`, `{"yes":"true"}`, `{"ratio":1e400}`, `{"ratio":-0.0}`, `{"count":"1"}`, `{"ratio":9007199254740993}`,
	} {
		f.Add(text)
	}
	form := formOf(reflect.TypeFor[plainInput]())
	f.Fuzz(func(t *testing.T, text string) {
		value, err := schema.Decode([]byte(text))
		values, ok := value.(map[string]any)
		if err != nil || !ok {
			return
		}
		var filled, decoded plainInput
		if !form.fill(&filled, values) {
			return
		}
		if err := decode(json.RawMessage(text), &decoded); err != nil || !reflect.DeepEqual(filled, decoded) {
			t.Errorf("%s: filled %+v, decoded %+v, %v", text, filled, decoded, err)
		}
	})
}

// BenchmarkInput compares the two ways.
func BenchmarkInput(b *testing.B) {
	call := &Call{
		Arguments: json.RawMessage(`{"text":"0123456789abcdef0123456789abcdef0123456789abcdef","count":3}`),
		Values:    map[string]any{"text": "0123456789abcdef0123456789abcdef0123456789abcdef", "count": json.Number("3")},
	}
	type small struct {
		Text  string `json:"text"`
		Count int    `json:"count"`
	}
	for name, form := range map[string]form{"filled": formOf(reflect.TypeFor[small]()), "decoded": nil} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := input[small](call, form); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
