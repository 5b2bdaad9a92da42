package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
)

// TestMain runs the tests or, where a test has started this binary again, the server.
func TestMain(m *testing.M) {
	if os.Getenv("EVERYTHING_TEST_SERVER") != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// A trip is one call through an engine, with everything that it reported.
type trip struct {
	result   *tools.Result
	err      error
	progress []tools.Progress
	notes    []string
}

func call(t *testing.T, ctx context.Context, tool, arguments string) trip {
	t.Helper()
	registry, err := newToolbox()
	if err != nil {
		t.Fatal(err)
	}
	var got trip
	got.result, got.err = newEngine(registry, slog.New(slog.DiscardHandler)).Execute(ctx, &executor.Request{
		Tool:       tool,
		Arguments:  json.RawMessage(arguments),
		OnProgress: func(p tools.Progress) { got.progress = append(got.progress, p) },
		OnLog:      func(level tools.Level, data any) { got.notes = append(got.notes, fmt.Sprint(level, ": ", data)) },
	})
	return got
}

func text(t *testing.T, result *tools.Result) string {
	t.Helper()
	if len(result.Content) != 1 {
		t.Fatalf("%d blocks of content, want 1", len(result.Content))
	}
	block, ok := result.Content[0].(tools.Text)
	if !ok {
		t.Fatalf("content is %T, want text", result.Content[0])
	}
	return block.Text
}

func TestToolboxHoldsEveryToolByItsName(t *testing.T) {
	want := []string{
		"add", "big", "echo", "fail", "json_schema_2020_12_tool", "log", "mutate", "panic", "sleep", "stubborn",
		"test_audio_content", "test_embedded_resource", "test_error_handling", "test_image_content",
		"test_logging_tool", "test_multiple_content_types", "test_simple_text", "test_tool_with_logging",
		"test_tool_with_progress",
	}
	for i := range 25 {
		want = append(want, fmt.Sprintf("filler_%02d", i))
	}
	slices.Sort(want)
	registry, err := newToolbox()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for entry := range registry.Snapshot().All() {
		got = append(got, entry.Name)
		if entry.Description == "" {
			t.Errorf("%s has no description", entry.Name)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("tools are\n%q, want\n%q", got, want)
	}
}

func TestTextOfResults(t *testing.T) {
	for _, test := range []struct {
		tool, arguments, want string
		isError               bool
	}{
		{"echo", `{"message":"héllo\n"}`, "héllo\n", false},
		{"add", `{"a":1.5,"b":2}`, `{"sum":3.5}`, false},
		{"big", `{"bytes":5}`, "xxxxx", false},
		{"big", `{"bytes":0}`, "", false},
		{"filler_07", `{}`, "filler_07", false},
		{"mutate", `{}`, "mutant_1", false},
		{"fail", `{}`, "failed, as asked", true},
		{"test_simple_text", `{}`, "This is a simple text response for testing.", false},
		{"test_error_handling", `{}`, "This tool intentionally returns an error for testing", true},
		{"json_schema_2020_12_tool", `{"email":"a@b"}`, `JSON Schema 2020-12 tool called with: {"email":"a@b"}`, false},
	} {
		t.Run(test.tool, func(t *testing.T) {
			got := call(t, t.Context(), test.tool, test.arguments)
			if got.err != nil {
				t.Fatal(got.err)
			}
			if body := text(t, got.result); body != test.want || got.result.IsError != test.isError {
				t.Errorf("got %q, error %v; want %q, error %v", body, got.result.IsError, test.want, test.isError)
			}
		})
	}
}

func TestBigReturnsItsMost(t *testing.T) {
	got := call(t, t.Context(), "big", fmt.Sprintf(`{"bytes":%d}`, maxText))
	if got.err != nil {
		t.Fatal(got.err)
	}
	if n := len(text(t, got.result)); n != maxText {
		t.Errorf("%d bytes", n)
	}
}

// A tool that fails does so in its own words, however often it is called.
func TestFailuresAreNeverRefused(t *testing.T) {
	registry, err := newToolbox()
	if err != nil {
		t.Fatal(err)
	}
	engine := newEngine(registry, slog.New(slog.DiscardHandler))
	for i := range 50 {
		result, err := engine.Execute(t.Context(), &executor.Request{Tool: "fail"})
		if err != nil || text(t, result) != "failed, as asked" {
			t.Fatalf("call %d of fail gave %v, %v", i, result, err)
		}
		if _, err := engine.Execute(t.Context(), &executor.Request{Tool: "panic"}); !errors.Is(err, executor.ErrPanic) {
			t.Fatalf("call %d of panic gave %v", i, err)
		}
	}
}

func TestAddIsStructured(t *testing.T) {
	got := call(t, t.Context(), "add", `{"a":-1,"b":0.25}`)
	if got.err != nil {
		t.Fatal(got.err)
	}
	if string(got.result.Structured) != `{"sum":-0.75}` {
		t.Errorf("structured content is %s", got.result.Structured)
	}
}

func TestSleepReportsItsSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		got := call(t, t.Context(), "sleep", `{"ms":2000,"steps":4}`)
		if got.err != nil {
			t.Fatal(got.err)
		}
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("took %v", took)
		}
		var done []float64
		for _, p := range got.progress {
			done = append(done, p.Done)
			if p.Total != 4 {
				t.Errorf("total is %v, want 4", p.Total)
			}
		}
		if !slices.Equal(done, []float64{1, 2, 3, 4}) {
			t.Errorf("progress is %v, want 1 to 4", done)
		}
	})
}

func TestSleepWakesWhenCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if got := call(t, ctx, "sleep", `{"ms":20000}`); got.err == nil {
			t.Error("a cancelled sleep returned a result")
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("took %v, want 1 s", took)
		}
	})
}

func TestStubbornSleepsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		start := time.Now()
		handler := stubborn().Handler
		if _, err := handler.Call(ctx, &tools.Call{Arguments: json.RawMessage(`{"ms":3000}`)}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("took %v, want 3 s", took)
		}
	})
}

func TestNotes(t *testing.T) {
	for tool, want := range map[string][]string{
		"log":                    {"debug: a note at level debug", "info: a note at level info", "error: a note at level error"},
		"test_logging_tool":      {"info: Diagnostic trace logging activated"},
		"test_tool_with_logging": {"info: Tool execution started", "info: Tool processing data", "info: Tool execution completed"},
	} {
		t.Run(tool, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got := call(t, t.Context(), tool, `{}`); !slices.Equal(got.notes, want) {
					t.Errorf("notes are %q, want %q", got.notes, want)
				}
			})
		})
	}
}

func TestProgressOfTheConformanceTool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		want := []tools.Progress{{Total: 100}, {Done: 50, Total: 100}, {Done: 100, Total: 100}}
		if got := call(t, t.Context(), "test_tool_with_progress", `{}`); !slices.Equal(got.progress, want) {
			t.Errorf("progress is %v, want %v", got.progress, want)
		}
	})
}

func TestMutateAddsAToolEachTime(t *testing.T) {
	registry, err := newToolbox()
	if err != nil {
		t.Fatal(err)
	}
	before, changes := registry.Snapshot().Len(), 0
	defer registry.Subscribe(func() { changes++ })()
	engine := executor.New(executor.Options{Registry: registry})
	for range 3 {
		if _, err := engine.Execute(t.Context(), &executor.Request{Tool: "mutate"}); err != nil {
			t.Fatal(err)
		}
	}
	if added := registry.Snapshot().Len() - before; added != 3 || changes != 3 {
		t.Errorf("%d tools added, %d changes told; want 3 and 3", added, changes)
	}
	if _, err := engine.Execute(t.Context(), &executor.Request{Tool: "mutant_3"}); err != nil {
		t.Error(err)
	}
}

func TestMediaIsWhatItSaysItIs(t *testing.T) {
	picture, err := png.Decode(bytes.NewReader(redPixel()))
	if err != nil {
		t.Fatal(err)
	}
	if r, g, b, a := picture.At(0, 0).RGBA(); r != 0xffff || g != 0 || b != 0 || a != 0xffff {
		t.Errorf("the pixel is %x %x %x %x, want opaque red", r, g, b, a)
	}
	sound := silence(8)
	if len(sound) != 44+16 || !strings.HasPrefix(string(sound), "RIFF\x34\x00\x00\x00WAVEfmt ") {
		t.Errorf("the sound has %d bytes and starts with %q", len(sound), sound[:16])
	}
}

func TestContentOfTheConformanceTools(t *testing.T) {
	for tool, want := range map[string]string{
		"test_image_content":          "[tools.Image]",
		"test_audio_content":          "[tools.Audio]",
		"test_embedded_resource":      "[tools.EmbeddedResource]",
		"test_multiple_content_types": "[tools.Text tools.Image tools.EmbeddedResource]",
	} {
		got := call(t, t.Context(), tool, `{}`)
		if got.err != nil {
			t.Fatal(got.err)
		}
		var kinds []string
		for _, block := range got.result.Content {
			kinds = append(kinds, fmt.Sprintf("%T", block))
		}
		if fmt.Sprint(kinds) != want {
			t.Errorf("%s returns %v, want %s", tool, kinds, want)
		}
	}
}

func TestDialectSurvivesRegistration(t *testing.T) {
	registry, err := newToolbox()
	if err != nil {
		t.Fatal(err)
	}
	entry, _ := registry.Snapshot().Lookup("json_schema_2020_12_tool")
	var want bytes.Buffer
	if err := json.Compact(&want, []byte(dialect)); err != nil {
		t.Fatal(err)
	}
	if got := string(entry.Input.Source()); got != want.String() {
		t.Errorf("the schema is %s, want %s", got, want.String())
	}
}
