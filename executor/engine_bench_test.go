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
// [Job.Cancel], and the goroutine is the call's own.
func BenchmarkEngine(b *testing.B) {
	e, run := benchEngine(b, map[string]bool{"validate": true})
	e.run = run
	ctx, req := context.WithoutCancel(b.Context()), &Request{Tool: "echo"}
	done := func(_ *tools.Result, err error) {
		if err != nil {
			b.Error(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		e.Job(ctx, req).Run(done)
	}
}

// BenchmarkEngineStart is the same with a goroutine that the engine keeps ready for the
// call, while 16 are in flight.
func BenchmarkEngineStart(b *testing.B) {
	e, run := benchEngine(b, map[string]bool{"validate": true})
	e.run = run
	defer e.KeepReady()()
	ctx, req := context.WithoutCancel(b.Context()), &Request{Tool: "echo"}
	slots := make(chan struct{}, 16)
	done := func(_ *tools.Result, err error) {
		if err != nil {
			b.Error(err)
		}
		<-slots
	}
	b.ReportAllocs()
	for b.Loop() {
		slots <- struct{}{}
		e.Go(ctx, req, done)
	}
	for range cap(slots) {
		slots <- struct{}{}
	}
}

// BenchmarkEngineExecute is the same by Execute, which has the handler run on a goroutine
// that the engine keeps ready, and waits for it.
func BenchmarkEngineExecute(b *testing.B) {
	benchmarkExecute(b, context.WithoutCancel(b.Context()))
}

// BenchmarkEngineContext is the same under a context that may end.
func BenchmarkEngineContext(b *testing.B) { benchmarkExecute(b, b.Context()) }

func benchmarkExecute(b *testing.B, ctx context.Context) {
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
