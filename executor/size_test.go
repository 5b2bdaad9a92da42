package executor

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sluice-dev/sluice/tools"
)

// returning is a handler with this result.
func returning(result *tools.Result) handlerFunc {
	return func(context.Context, *tools.Call) (*tools.Result, error) { return result, nil }
}

// TestResultBytes checks which limit counts, and that the caller is told by how much
// the result was too large.
func TestResultBytes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		engine, tool int64
		bytes        int
		allowed      int // what the caller is told; 0 where the result passes
	}{
		{100, 0, 100, 0},
		{100, 0, 101, 100},
		{100, 50, 51, 50},
		{100, 200, 200, 0},
		{100, -1, 5000, 0},
		{-1, 0, 5000, 0},
		{-1, 10, 11, 10},
		{0, 0, 2 << 20, 0},
		{0, 0, 2<<20 + 1, 2 << 20},
	} {
		t.Run(fmt.Sprintf("%d/%d/%d", test.engine, test.tool, test.bytes), func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, Options{ResultBytes: test.engine}, tool("t",
				returning(tools.TextResult(strings.Repeat("x", test.bytes))), tools.Limits{ResultBytes: test.tool}))
			result, err := e.Execute(t.Context(), &Request{Tool: "t"})
			if test.allowed == 0 {
				if err != nil || len(result.Content[0].(tools.Text).Text) != test.bytes {
					t.Errorf("got %v", err)
				}
				return
			}
			failure := wantKind(t, err, KindResultTooLarge, ErrResultTooLarge)
			want := fmt.Sprintf("the result has %d bytes, %d more than the %d allowed", test.bytes, test.bytes-test.allowed, test.allowed)
			if !strings.Contains(failure.Public(), want+". Ask for less") || records(e)[0].Reason != want {
				t.Errorf("the caller is told %q, the record says %q", failure.Public(), records(e)[0].Reason)
			}
		})
	}
}

// TestTruncate checks what is cut and what is not. The mark is part of the budget.
func TestTruncate(t *testing.T) {
	t.Parallel()
	text := func(s string) tools.Content { return tools.Text{Text: s} }
	image := tools.Image{Data: make([]byte, 40)}
	for _, test := range []struct {
		name    string
		limit   int64
		content []tools.Content
		data    string
		want    string // the texts that are left; empty where the call fails
	}{
		{"one", 44, []tools.Content{text(strings.Repeat("x", 60))}, "", "xx\n[cut: 58 of 60 bytes of text are missing]"},
		{"whole runes", 44, []tools.Content{text("a" + strings.Repeat("é", 30))}, "", "a\n[cut: 60 of 61 bytes of text are missing]"},
		{"the second", 54, []tools.Content{text("first"), text(strings.Repeat("x", 80)), text("third"), text("")}, "",
			"first|" + strings.Repeat("x", 7) + "\n[cut: 78 of 90 bytes of text are missing]"},
		{"nothing but the mark", 42, []tools.Content{text(strings.Repeat("x", 90))}, "", "\n[cut: 90 of 90 bytes of text are missing]"},
		{"an image stays", 84, []tools.Content{text(strings.Repeat("x", 90)), image}, "", "xx\n[cut: 88 of 90 bytes of text are missing]"},
		{"structured stays", 54, []tools.Content{text(strings.Repeat("x", 90))}, `{"a":1}`, strings.Repeat("x", 5) + "\n[cut: 85 of 90 bytes of text are missing]"},
		{"no room for the mark", 20, []tools.Content{text(strings.Repeat("x", 90))}, "", ""},
		{"too much that is no text", 100, []tools.Content{text(strings.Repeat("x", 50)), image, image, image}, "", ""},
		{"structured too large", 50, nil, `"` + strings.Repeat("x", 60) + `"`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			whole := &tools.Result{Content: test.content}
			if test.data != "" {
				whole.Structured = json.RawMessage(test.data)
			}
			before := size(whole)
			e := newEngine(t, Options{}, tool("t", returning(whole), tools.Limits{ResultBytes: test.limit, Truncate: true}))
			result, err := e.Execute(t.Context(), &Request{Tool: "t"})
			if test.want == "" {
				wantKind(t, err, KindResultTooLarge, ErrResultTooLarge)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			others := 0
			for _, block := range result.Content {
				if text, ok := block.(tools.Text); ok {
					got = append(got, text.Text)
				} else {
					others++
				}
			}
			if joined := strings.Join(got, "|"); joined != test.want || !utf8.ValidString(joined) {
				t.Errorf("left: %q, want %q", joined, test.want)
			}
			if size(result) > test.limit || string(result.Structured) != test.data || others != strings.Count(test.name, "image") {
				t.Errorf("%d bytes are left of %d, structured %s, %d others", size(result), before, result.Structured, others)
			}
			if size(whole) != before {
				t.Error("the handler's own result was changed")
			}
		})
	}
}

func BenchmarkResultSize(b *testing.B) {
	e, _ := benchEngine(b, nil)
	result := tools.TextResult(strings.Repeat("x", 1000))
	run := limitResult(func(context.Context, *Execution) (*tools.Result, error) { return result, nil })
	x := e.newExecution(&Request{Tool: "echo"})
	x.Entry, _ = e.opts.Registry.Snapshot().Lookup("echo")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := run(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}
