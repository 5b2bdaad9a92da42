package executor

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/executor/audit"
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

// everyPolicy switches on every policy there is, so that the conformance and the chaos
// see it. This is the one place to name a new one:
//
//   - what switches it on goes here, and into everyLimit if it is switched on by tool;
//   - what it holds for calls goes into checkAtRest: permits, tokens, waiters, timers;
//   - if it refuses calls, the audit log names it by refusers;
//   - if the rest of the call runs in a goroutine of its own, it goes into spawns;
//   - its state must be the engine's: pipeline is called more than once here.
func everyPolicy(opts Options) Options {
	opts.Policies = []Policy{passOn}
	opts.Allowance = func(string) Allowance { return Allowance{Concurrency: 2, Queue: 2} }
	opts.Authorize = func(context.Context, string, *tools.Entry) error { return nil }
	opts.Before = []func(context.Context, *Execution) error{func(context.Context, *Execution) error { return nil }}
	opts.After = []func(context.Context, *Execution, *tools.Result, error) error{
		func(context.Context, *Execution, *tools.Result, error) error { return errors.New("after") },
	}
	opts.Audit, opts.AuditRequired = audit.NewMemory(1000), true
	opts.Tracer = &traceBook{}
	opts.Heartbeat = time.Second / 2
	opts.Rate, opts.RateWait = tools.Rate{Count: 2, Burst: 1}, time.Minute
	return opts
}

// everyLimit switches on for one tool what a tool can ask for.
func everyLimit() tools.Limits {
	return tools.Limits{
		Concurrency: 1, IdleTimeout: time.Minute, Adaptive: &tools.Adaptive{}, Cache: &tools.Cache{TTL: time.Second},
		Rate: tools.Rate{Count: 2, Burst: 2}, CallerRate: tools.Rate{Count: 2, Burst: 1},
		Breaker: tools.Breaker{Failures: 1, Open: time.Millisecond}, // so that there are probes
	}
}

// spawns names the policies that run the rest of the call in a goroutine of its own.
// They never stand without what recovers there.
var spawns = map[string]bool{"abandon": true}

func passOn(next Handler) Handler { return next }

// A selection is some of the pipeline's steps, by their places; none stands for all.
type selection []int

// selections returns the whole, each step alone, and each pair in its order.
func selections(steps []step) []selection {
	all := []selection{nil}
	for i := range steps {
		all = append(all, selection{i})
		for j := range i {
			all = append(all, selection{j, i})
		}
	}
	return all
}

func (s selection) name(steps []step) string {
	if s == nil {
		return "whole"
	}
	var names []string
	for _, i := range s {
		names = append(names, steps[i].name)
	}
	return strings.Join(names, "+")
}

func (s selection) has(steps []step, name string) bool {
	return s == nil || slices.ContainsFunc(s, func(i int) bool { return steps[i].name == name })
}

// of returns the handler that has only the selected steps.
func (s selection) of(e *Engine) Handler {
	if s == nil {
		return e.run
	}
	steps, innermost := e.pipeline(), Handler(invoke)
	var chosen []step
	for _, i := range s {
		chosen = append(chosen, steps[i])
		if spawns[steps[i].name] {
			innermost = recoverPanics(e.opts.Logger)(invoke)
		}
	}
	return chain(innermost, chosen)
}

// TestConformance runs each policy alone, each pair of them, and all, through every
// ending, and checks that all slots, places, alarms, entries, timers and goroutines
// are back. Handlers report progress all along, so that the gate's timer is armed when
// the end comes.
func TestConformance(t *testing.T) {
	t.Parallel()
	steps := New(everyPolicy(Options{Registry: &tools.Registry{}})).pipeline()
	for _, s := range selections(steps) {
		t.Run(s.name(steps), func(t *testing.T) {
			t.Parallel()
			for _, end := range endings {
				c := conformance{end: end, chosen: s, bounded: s.has(steps, "timeout")}
				t.Run(end.name, func(t *testing.T) { synctest.Test(t, c.run) })
			}
		})
	}
}

// conformance is one selection of policies and one ending.
type conformance struct {
	end     ending
	chosen  selection
	bounded bool // one of the policies closes the context that the handler is given
	engine  *Engine
	handler Handler

	released chan struct{}
	mu       sync.Mutex
	handed   []context.Context // what the handlers were given
}

// run has one call, and then a crowd that finds what the first has left behind: pairs
// of identical calls, for one slot, of which the second does not wait to the end.
func (c *conformance) run(t *testing.T) {
	c.engine = newEngine(t, everyPolicy(Options{}), tool("t", c.call, everyLimit()))
	c.handler = c.chosen.of(c.engine)
	for _, crowd := range []int{1, 4} {
		c.released = make(chan struct{})
		var calls sync.WaitGroup
		for i := range crowd {
			calls.Go(func() { c.execute(t, i) })
			time.Sleep(time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if c.chosen == nil && crowd == 1 && c.end.name == "abandoned wait" {
			checkStuck(t, c.engine)
		}
		close(c.released)
		calls.Wait()
		synctest.Wait()
		checkAtRest(t, c.engine)
		c.checkClosed(t)
	}
}

// call is the tool's handler.
func (c *conformance) call(ctx context.Context, call *tools.Call) (*tools.Result, error) {
	for i := range 50 {
		tools.Report(ctx, tools.Progress{Done: float64(i + 1)})
	}
	c.mu.Lock()
	c.handed = append(c.handed, ctx)
	c.mu.Unlock()
	return c.end.handler(c.released)(ctx, call)
}

// execute runs the i-th call of a crowd, also where there is no policy to look up its
// tool, or to keep a panic from its caller.
func (c *conformance) execute(t *testing.T, i int) {
	ctx, cancel := c.end.context()
	defer cancel()
	if i%2 == 1 {
		defer time.AfterFunc(time.Second/2, cancel).Stop()
	}
	defer func() { _ = recover() }()
	x := c.engine.newExecution(&Request{
		Tool: "t", Caller: "ada", Arguments: fmt.Appendf(nil, `{"n":%d}`, i/2),
		OnProgress: func(tools.Progress) {},
	})
	x.Entry, _ = c.engine.opts.Registry.Snapshot().Lookup("t")
	x.tool = c.engine.stats.take("t")
	defer x.AfterReturn(giveBackTool)
	_, _ = c.handler(ctx, x)
	x.gate.mu.Lock() // an abandoned handler may still report
	defer x.gate.mu.Unlock()
	if x.gate.timer != nil && x.gate.timer.Stop() {
		t.Error("the timer of the gate is left running")
	}
}

func (c *conformance) checkClosed(t *testing.T) {
	for _, ctx := range c.handed {
		if c.bounded && ctx.Err() == nil {
			t.Error("the context of a handler is left open")
		}
	}
	c.handed = nil
}

// checkStuck fails the test unless the caller is answered and the handler charged.
func checkStuck(t *testing.T, e *Engine) {
	t.Helper()
	if e.ledger.unanswered != 0 {
		t.Error("the caller of a stubborn handler was not answered")
	}
	counts := e.Metrics().Tools["t"]
	if counts.Running != 1 || counts.Abandoned != 1 || len(e.InFlight()) != 1 || !e.InFlight()[0].Abandoned {
		t.Errorf("a stubborn handler is not charged: %+v", counts)
	}
}
