package executor

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// ending is one way in which a call ends. Its handler is given a channel that is
// closed when a stubborn one may return; the context is that of the caller.
type ending struct {
	name    string
	handler func(released <-chan struct{}) handlerFunc
	context func() (context.Context, context.CancelFunc)
}

func background() (context.Context, context.CancelFunc) {
	return context.WithCancel(context.Background())
}

func cancelledLater() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	timer := time.AfterFunc(time.Second, cancel)
	return ctx, func() { timer.Stop(); cancel() }
}

func deadline() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), time.Second)
}

// always makes an ending's handler of one that needs no release.
func always(f handlerFunc) func(<-chan struct{}) handlerFunc {
	return func(<-chan struct{}) handlerFunc { return f }
}

// fill panics where it is given a nil map, as handlers in the field do.
func fill(entries map[string]int) { entries["x"]++ }

var endings = []ending{
	{"return", always(echo), background},
	{"error", always(func(context.Context, *tools.Call) (*tools.Result, error) {
		return nil, errors.New("broken")
	}), background},
	{"panic", always(func(context.Context, *tools.Call) (*tools.Result, error) {
		var entries map[string]int
		fill(entries)
		return nil, nil
	}), background},
	{"goexit", always(func(context.Context, *tools.Call) (*tools.Result, error) {
		runtime.Goexit()
		return nil, nil
	}), background},
	{"cancel", always(obey), cancelledLater},
	{"timeout", always(obey), deadline},
	{"abandoned wait", until, cancelledLater},
}

// TestConformance runs each policy alone, and all of them, through every ending, and
// checks that all slots, places, alarms, entries and goroutines are back. Handlers
// report progress all along, so that the gate's timer is armed when the end comes.
func TestConformance(t *testing.T) {
	t.Parallel()
	names := []string{"whole"}
	for _, s := range New(Options{Registry: &tools.Registry{}, Policies: []Policy{passOn}}).pipeline() {
		names = append(names, s.name)
	}
	for _, name := range names {
		for _, end := range endings {
			t.Run(name+"/"+end.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { conform(t, name, end) })
			})
		}
	}
}

func passOn(next Handler) Handler { return next }

func conform(t *testing.T, name string, end ending) {
	var released chan struct{}
	var handed context.Context // what the handler was given
	e := newEngine(t, Options{Policies: []Policy{passOn}},
		tool("t", func(ctx context.Context, call *tools.Call) (*tools.Result, error) {
			for i := range 50 {
				tools.Report(ctx, tools.Progress{Done: float64(i + 1)})
			}
			handed = ctx
			return end.handler(released)(ctx, call)
		}, tools.Limits{Concurrency: 1, IdleTimeout: time.Minute}))
	run := pick(e, name)
	for range 2 { // the second call finds what the first left behind
		released = make(chan struct{})
		ctx, cancel := end.context()
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer func() { _ = recover() }() // for policies that let a panic pass
			x := e.newExecution(&Request{Tool: "t", OnProgress: func(tools.Progress) {}})
			x.Entry, _ = e.opts.Registry.Snapshot().Lookup("t")
			x.tool = e.stats.take("t")
			defer x.AfterReturn(giveBackTool)
			_, _ = run(ctx, x)
			if x.gate.timer != nil && x.gate.timer.Stop() {
				t.Error("the timer of the gate is left running")
			}
		}()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if end.name == "abandoned wait" && name == "whole" {
			checkStuck(t, e, done)
		}
		close(released)
		<-done
		synctest.Wait()
		checkAtRest(t, e)
		if (name == "whole" || name == "timeout") && handed.Err() == nil {
			t.Error("the context of the handler is left open")
		}
		cancel()
	}
}

// pick returns the pipeline with one policy only, or the whole.
func pick(e *Engine, name string) Handler {
	for _, s := range e.pipeline() {
		switch {
		case s.name != name:
		case name == "abandon": // never without what recovers in its goroutine
			return s.policy(recoverPanics(e.opts.Logger)(invoke))
		default:
			return s.policy(invoke)
		}
	}
	return e.run
}

// checkStuck fails the test unless the caller is answered and the handler charged.
func checkStuck(t *testing.T, e *Engine, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	default:
		t.Error("the caller of a stubborn handler was not answered")
	}
	counts := e.Metrics().Tools["t"]
	if counts.Running != 1 || counts.Abandoned != 1 || len(e.InFlight()) != 1 || !e.InFlight()[0].Abandoned {
		t.Errorf("a stubborn handler is not charged: %+v", counts)
	}
}
