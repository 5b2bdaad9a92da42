package mcp

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
)

// What an old revision cannot show is shown in words that it knows, and nothing is
// lost silently.
func TestOldRevisionsAreToldInTheirWords(t *testing.T) {
	result := &tools.Result{
		Content: []tools.Content{
			tools.Audio{Data: []byte{1}, MIMEType: "audio/wav"},
			tools.ResourceLink{URI: "file:///a", Name: "a", Description: "A file."},
		},
		Structured: []byte(`{"a":1}`),
	}
	for _, test := range []struct {
		revision *Revision
		want     string
	}{
		{Revision20241105, `"content":[{"type":"resource","resource":{"uri":"audio:","mimeType":"audio/wav","blob":"AQ=="}},{"type":"text","text":"a: file:///a (A file.)"}]`},
		{Revision20250326, `"content":[{"type":"audio","data":"AQ==","mimeType":"audio/wav"},{"type":"text","text":"a: file:///a (A file.)"}]`},
		{Revision20250618, `"content":[{"type":"audio","data":"AQ==","mimeType":"audio/wav"},{"type":"resource_link","uri":"file:///a","name":"a","description":"A file."}],"structuredContent":{"a":1}`},
	} {
		got, err := AppendResult(nil, result, test.revision)
		if err != nil || string(got) != test.want {
			t.Errorf("%s:\ngot  %s, %v\nwant %s", test.revision.Version, got, err, test.want)
		}
	}
}

func TestStructuredContentOfAnyType(t *testing.T) {
	for value, object := range map[string]bool{`{}`: true, `[1]`: false, `null`: false, `"x"`: false, `1`: false} {
		result := &tools.Result{Structured: []byte(value)}
		for _, r := range Revisions() {
			got, err := AppendResult(nil, result, r)
			if err != nil {
				t.Fatal(err)
			}
			want := r.AnyStructured || r.Structured && object
			if strings.Contains(string(got), "structuredContent") != want {
				t.Errorf("%s in %s: %s", value, r.Version, got)
			}
		}
	}
}

// Whatever bytes a tool gives, what is sent is one line of valid JSON.
func TestResultsAreOneValidLine(t *testing.T) {
	for _, text := range []string{"a\nb", "\x00\x1b[31m", "\xff\xfe", "\u2028", "\xed\xa0\x80"} {
		result := &tools.Result{
			Content: []tools.Content{
				tools.Text{Text: text},
				tools.Text{Text: text, Meta: map[string]any{text: text}},
				tools.EmbeddedResource{URI: text, Text: text},
				tools.Image{},
			},
			Structured: []byte("{\n \"a\" : 1 }"),
		}
		got, err := AppendResult([]byte("{"), result, Revision20260728)
		got = append(got, '}')
		if err != nil || !jsontext.Value(got).IsValid() || strings.ContainsAny(string(got), "\n\r") {
			t.Errorf("%q became %s, %v", text, got, err)
		}
	}
}

func TestWhatCannotBeEncodedIsAnError(t *testing.T) {
	for name, result := range map[string]*tools.Result{
		"structured": {Structured: []byte(`{"a":`)},
		"meta":       {Content: []tools.Content{tools.Image{Meta: map[string]any{"x": math.NaN()}}}},
		"nil block":  {Content: []tools.Content{nil}},
	} {
		if got, err := AppendResult(nil, result, Revision20260728); err == nil {
			t.Errorf("%s: became %s", name, got)
		}
	}
	if _, _, err := AppendMeta(nil, map[string]any{"f": func() {}}, true); err == nil {
		t.Error("a function was encoded")
	}
}

func ExampleAppendResult() {
	result := tools.TextResult("12 °C")
	result.Structured = []byte(`{"celsius": 12}`)
	for _, revision := range []*Revision{Revision20241105, Revision20260728} {
		members, err := AppendResult(nil, result, revision)
		fmt.Println(string(members), err)
	}
	// Output:
	// "content":[{"type":"text","text":"12 °C"}] <nil>
	// "content":[{"type":"text","text":"12 °C"}],"structuredContent":{"celsius":12} <nil>
}

func BenchmarkAppendResult(b *testing.B) {
	result := tools.TextResult(strings.Repeat("a", 64))
	b.ReportAllocs()
	dst := make([]byte, 0, 1024)
	for b.Loop() {
		if _, err := AppendResult(dst, result, Revision20260728); err != nil {
			b.Fatal(err)
		}
	}
}
