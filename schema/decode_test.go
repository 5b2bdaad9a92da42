package schema

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		"null":              nil,
		" true ":            true,
		`"a\u0000é"`:        "a\x00é",
		"9007199254740993":  json.Number("9007199254740993"),
		"1e400":             json.Number("1e400"),
		"-0.10":             json.Number("-0.10"),
		"[]":                []any{},
		`[1,"a",[null]]`:    []any{json.Number("1"), "a", []any{nil}},
		`{}`:                map[string]any{},
		`{"a":{"b":false}}`: map[string]any{"a": map[string]any{"b": false}},
		`{"a":1,"A":2}`:     map[string]any{"a": json.Number("1"), "A": json.Number("2")},
	} {
		got, err := Decode([]byte(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("Decode(%s) = %#v, %v; want %#v", text, got, err, want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                     "EOF",
		"[1":                   "EOF",
		"1 2":                  "more than one",
		"{} x":                 "invalid",
		`{"a":1,"a":2}`:        "duplicate",
		`{"a":1,"\u0061":2}`:   "duplicate",
		"\"\xff\"":             "UTF-8",
		`"\ud800"`:             "surrogate",
		"01":                   "more than one",
		"\ufeff1":              "invalid",
		"NaN":                  "invalid",
		"[1,]":                 "invalid",
		deep(MaxDepth + 1):     "deep",
		wide(MaxValues):        "values",
		deep(100_000):          "deep",
		"[" + deep(MaxDepth):   "deep",
		`{"a":` + deep(1) + ``: "EOF",
	} {
		if got, err := Decode([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Decode(%.40q) = %v, %v; want an error with %q", text, got, err, want)
		}
	}
	for _, text := range []string{deep(MaxDepth), wide(MaxValues - 1)} {
		if _, err := Decode([]byte(text)); err != nil {
			t.Errorf("Decode(%.40q): %v; want it within the bounds", text, err)
		}
	}
}

// deep returns arrays nested n deep.
func deep(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// wide returns an array of n numbers: n+1 values.
func wide(n int) string { return "[1" + strings.Repeat(",1", n-1) + "]" }

// TestDecodeKeepsNothing sees that a value survives its text being overwritten, and
// that an idle decoder does not hold on to it.
func TestDecodeKeepsNothing(t *testing.T) {
	t.Parallel()
	text := []byte(`{"name":["value",1234]}`)
	value, err := Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		text[i] = 'x'
	}
	want := map[string]any{"name": []any{"value", json.Number("1234")}}
	if !reflect.DeepEqual(value, want) {
		t.Errorf("after overwriting the text: %#v", value)
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"null", `{"a":[1,2.5e3,"x\n"],"b":{"c":null}}`, `{"a":1,"a":2}`, "\"\xff\"", `"\ud83d"`, "1e400", "[1,]", " 1 ", deep(200),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := Decode(data)
		if err != nil && (strings.Contains(err.Error(), "deep") || strings.Contains(err.Error(), "values")) {
			return
		}
		var raw jsontext.Value
		peer := jsonv2.Unmarshal(data, &raw)
		if (err == nil) != (peer == nil) {
			t.Fatalf("Decode(%q): %v, but encoding/json/v2: %v", data, err, peer)
		}
		if err != nil {
			return
		}
		var want any
		if jsonv2.Unmarshal(data, &want) != nil {
			return // a number beyond float64
		}
		if rounded := round(got); !reflect.DeepEqual(rounded, want) {
			t.Fatalf("Decode(%q) = %#v, but encoding/json/v2: %#v", data, rounded, want)
		}
	})
}

// round makes float64 of the numbers in a value, as encoding/json/v2 does.
func round(value any) any {
	switch value := value.(type) {
	case json.Number:
		f, _ := strconv.ParseFloat(string(value), 64)
		return f
	case []any:
		for i := range value {
			value[i] = round(value[i])
		}
	case map[string]any:
		for name := range value {
			value[name] = round(value[name])
		}
	}
	return value
}

func BenchmarkDecode(b *testing.B) {
	for name, text := range map[string]string{
		"64B":           `{"path":"/srv/docs/readme.md","limit":100,"recursive":true,"x":1}`,
		"64KiB_text":    `{"text":"` + strings.Repeat("a", 64<<10) + `"}`,
		"64KiB_objects": `{"rows":[{"id":1,"name":"a"}` + strings.Repeat(`,{"id":1,"name":"a"}`, 64<<10/20) + `]}`,
	} {
		b.Run(name, func(b *testing.B) {
			data := []byte(text)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
