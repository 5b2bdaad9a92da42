package executor

import (
	"context"
	"testing"

	"github.com/sluice-dev/sluice/tools"
)

func benchEngine(b testing.TB, skip map[string]bool) (*Engine, Handler) {
	b.Helper()
	result := tools.TextResult("hello")
	registry := &tools.Registry{}
	err := registry.Add(&tools.Tool{
		Definition: tools.Definition{Name: "echo"},
		Handler: tools.HandlerFunc(func(context.Context, *tools.Call) (*tools.Result, error) {
			return result, nil
		}),
	})
	if err != nil {
		b.Fatal(err)
	}
	e := New(Options{Registry: registry})
	var steps []step
	for _, s := range e.pipeline() {
		if !skip[s.name] {
			steps = append(steps, s)
		}
	}
	return e, chain(invoke, steps)
}

// BenchmarkEngine is one call through all policies but the validation, whose cost is
// that of the schema, as in a server: the context has no end, calls are cancelled by
// [Job.Cancel].
func BenchmarkEngine(b *testing.B) { benchmarkEngine(b, context.WithoutCancel(b.Context())) }

// BenchmarkEngineContext is the same under a context that may end.
func BenchmarkEngineContext(b *testing.B) { benchmarkEngine(b, b.Context()) }

func benchmarkEngine(b *testing.B, ctx context.Context) {
	e, run := benchEngine(b, map[string]bool{"validate": true})
	defer e.KeepReady()()
	req := &Request{Tool: "echo"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := run(ctx, e.newExecution(req)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEngineParallel(b *testing.B) {
	e, run := benchEngine(b, map[string]bool{"validate": true})
	req := &Request{Tool: "echo"}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := run(context.Background(), e.newExecution(req)); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkExecute is the whole, with the validation of empty arguments.
func BenchmarkExecute(b *testing.B) {
	e, _ := benchEngine(b, nil)
	req := &Request{Tool: "echo"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Execute(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
}
