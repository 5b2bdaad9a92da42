package transport_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// A fixture is a server with tools that the scenarios use.
type fixture struct {
	registry *tools.Registry
	engine   *executor.Engine
	server   *transport.Server
	release  chan struct{} // lets one call of "hold" end for each value
	running  gauge         // calls of "hold" and "wait" that run
}

// A gauge is a number that a test waits for.
type gauge struct {
	mu      sync.Mutex // guards both
	n       int
	changed chan struct{} // closed when n changes; nil while nobody waits
}

func (g *gauge) add(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n += n
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}

// read returns the number, and what is closed when it changes.
func (g *gauge) read() (n int, changed <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.changed == nil {
		g.changed = make(chan struct{})
	}
	return g.n, g.changed
}

// await returns when the number is n.
func (g *gauge) await(t *testing.T, n int) {
	t.Helper()
	late := time.After(patience)
	for got, changed := g.read(); got != n; got, changed = g.read() {
		select {
		case <-changed:
		case <-late:
			t.Fatalf("%d run, not %d", got, n)
		}
	}
}

type none struct{}

func newFixture(t testing.TB, adjust ...func(*executor.Options)) *fixture {
	f := &fixture{registry: &tools.Registry{}, release: make(chan struct{})}
	if err := f.registry.Add(f.tools()...); err != nil {
		t.Fatal(err)
	}
	opts := executor.Options{Registry: f.registry}
	for _, each := range adjust {
		each(&opts)
	}
	f.engine = executor.New(opts)
	f.server = transport.NewServer(transport.Options{
		Engine: f.engine, Registry: f.registry, PageSize: 10,
		Info:         mcp.Implementation{Name: "fixture", Title: "Fixture", Version: "1.0.0", WebsiteURL: "https://sluice.example"},
		Instructions: "Call echo first.",
	})
	return f
}

func (f *fixture) tools() []*tools.Tool {
	type text struct {
		Text string `json:"text"`
	}
	type pair struct {
		A float64 `json:"a"`
		B float64 `json:"b"`
	}
	type sum struct {
		Sum float64 `json:"sum"`
	}
	type count struct {
		N int `json:"n"`
	}
	readOnly := true
	echo := tools.Func("echo", "Give the text back.", func(_ context.Context, in text) (string, error) { return in.Text, nil })
	echo.Title, echo.Annotations = "Echo", &tools.ToolAnnotations{ReadOnlyHint: &readOnly}
	echo.Icons = []tools.Icon{{Src: "data:image/png;base64,AA==", MIMEType: "image/png"}}
	echo.Meta = map[string]any{"example.com/kind": "fixture"}
	return []*tools.Tool{
		echo,
		tools.Func("add", "Add two numbers.", func(_ context.Context, in pair) (sum, error) { return sum{in.A + in.B}, nil }),
		tools.Func("fail", "Fail.", func(context.Context, none) (string, error) {
			return "", tools.Errorf("it did not work: try another way")
		}),
		tools.Func("leak", "Fail with a secret.", func(context.Context, none) (string, error) {
			return "", errors.New("open /etc/secret: hunter2")
		}),
		tools.Func("panic", "Panic.", func(context.Context, none) (string, error) { panic("hunter2") }),
		tools.Func("steps", "Report n steps of progress.", func(ctx context.Context, in count) (string, error) {
			for i := range in.N {
				tools.Report(ctx, tools.Progress{Done: float64(i + 1), Total: float64(in.N), Message: fmt.Sprintf("step %d", i+1)})
			}
			return "done", nil
		}),
		tools.Func("log", "Log at debug, info and error.", func(ctx context.Context, _ none) (string, error) {
			tools.Log(ctx, tools.LevelDebug, "fine")
			tools.Log(ctx, tools.LevelInfo, map[string]any{"n": 1})
			tools.Log(ctx, tools.LevelError, "coarse")
			return "logged", nil
		}),
		tools.Func("wait", "Report once and run until cancelled.", func(ctx context.Context, _ none) (string, error) {
			f.running.add(1)
			defer f.running.add(-1)
			tools.Report(ctx, tools.Progress{Done: 1, Message: "waiting"})
			<-ctx.Done()
			return "", context.Cause(ctx)
		}),
		tools.Func("hold", "Report once and run until released.", func(ctx context.Context, _ none) (string, error) {
			f.running.add(1)
			defer f.running.add(-1)
			tools.Report(ctx, tools.Progress{Done: 1, Message: "holding"})
			select {
			case <-f.release:
				return "released", nil
			case <-ctx.Done():
				return "", context.Cause(ctx)
			}
		}),
		tools.Func("mutate", "Add a tool.", func(context.Context, none) (string, error) {
			name := fmt.Sprintf("new_%d", f.registry.Snapshot().Len())
			return name, f.registry.Add(tools.Func(name, "", func(context.Context, none) (string, error) { return "", nil }))
		}),
		{
			Definition: tools.Definition{Name: "content", Description: "Give one block of each type."},
			Handler:    tools.HandlerFunc(everyContent),
		},
	}
}

func everyContent(context.Context, *tools.Call) (*tools.Result, error) {
	size, priority := int64(3), 0.5
	modified := time.Date(2026, 7, 28, 0, 0, 0, 0, time.UTC)
	return &tools.Result{
		Content: []tools.Content{
			tools.Text{Text: "text\nof two lines", Annotations: &tools.Annotations{Audience: []string{"user"}, Priority: &priority, LastModified: &modified}},
			tools.Image{Data: []byte{1, 2, 3}, MIMEType: "image/png"},
			tools.Audio{Data: []byte{1, 2, 3}, MIMEType: "audio/wav"},
			tools.ResourceLink{URI: "file:///a.txt", Name: "a.txt", Description: "A file.", Size: &size},
			tools.EmbeddedResource{URI: "file:///b.txt", MIMEType: "text/plain", Text: "b"},
			tools.EmbeddedResource{URI: "file:///c.bin", Blob: []byte{255}},
		},
		Structured: []byte("[1,\n 2]"),
		Meta:       map[string]any{"example.com/n": 1},
	}, nil
}
