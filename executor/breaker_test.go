package executor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// checkCircuit fails the test unless no probe of the tool runs.
func checkCircuit(t testing.TB, s *toolState) {
	t.Helper()
	s.circuit.mu.Lock()
	defer s.circuit.mu.Unlock()
	if s.circuit.probes != 0 {
		t.Errorf("tool %s: %d probes", s.name, s.circuit.probes)
	}
}

func giving(result *tools.Result, err error) handlerFunc {
	return func(context.Context, *tools.Call) (*tools.Result, error) { return result, err }
}

// TestBreakerClasses checks for each way to end whether it counts.
func TestBreakerClasses(t *testing.T) {
	t.Parallel()
	sorry := tools.ErrorResult("sorry")
	after := func(d time.Duration) func(*testing.T) context.Context {
		return func(t *testing.T) context.Context { return within(t, d) }
	}
	ordinary := func(t *testing.T) context.Context { return t.Context() }
	for _, test := range []struct {
		name    string
		handler handlerFunc
		ctx     func(*testing.T) context.Context
		limits  tools.Limits
		counts  bool
	}{
		{"panic", func(context.Context, *tools.Call) (*tools.Result, error) { panic("no") }, ordinary, tools.Limits{}, true},
		{"internal", giving(nil, errors.New("broken pipe")), ordinary, tools.Limits{}, true},
		{"no result", giving(nil, nil), ordinary, tools.Limits{}, true},
		{"invalid output", giving(&tools.Result{Structured: []byte("{")}, nil), ordinary, tools.Limits{}, true},
		{"timeout", obey, ordinary, tools.Limits{Timeout: time.Second}, true},
		{"idle", obey, ordinary, tools.Limits{IdleTimeout: time.Second}, true},
		{"unreachable", giving(nil, tools.Unreachable(tools.Errorf("the door is shut"))), ordinary, tools.Limits{}, true},
		{"unreachable, for no model", giving(nil, tools.Unreachable(errors.New("10.0.0.1: refused"))), ordinary, tools.Limits{}, true},
		{"exhausted", giving(nil, tools.Exhausted(tools.Errorf("no files left"))), ordinary, tools.Limits{}, false},
		{"exhausted, where tool errors count", giving(nil, tools.Exhausted(errors.New("pipe: EMFILE"))), ordinary, tools.Limits{Breaker: tools.Breaker{CountToolErrors: true}}, false},
		{"tool error where it counts", giving(sorry, nil), ordinary, tools.Limits{Breaker: tools.Breaker{CountToolErrors: true}}, true},
		{"success", echo, ordinary, tools.Limits{}, false},
		{"tool error", giving(sorry, nil), ordinary, tools.Limits{}, false},
		{"error for the model", giving(nil, tools.Errorf("no such city")), ordinary, tools.Limits{}, false},
		{"deadline of the caller", obey, after(time.Second), tools.Limits{}, false},
		{"cancelled before", obey, after(0), tools.Limits{}, false},
		{"too large", echo, ordinary, tools.Limits{ResultBytes: 1}, false},
		{"refused", echo, ordinary, tools.Limits{Rate: tools.Rate{Count: 1, Per: time.Hour}}, false},
		{"off", giving(nil, errors.New("broken pipe")), ordinary, tools.Limits{Breaker: tools.Breaker{Off: true}}, false},
		{"none in a row", giving(nil, errors.New("broken pipe")), ordinary, tools.Limits{Breaker: tools.Breaker{Failures: -1}}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if test.limits.Breaker.Failures == 0 {
					test.limits.Breaker.Failures = 3
				}
				e := newEngine(t, Options{}, tool("t", test.handler, test.limits))
				for range 3 {
					_, err := e.Execute(test.ctx(t), &Request{Tool: "t"})
					if errors.Is(err, ErrCircuitOpen) {
						t.Error("refused too early")
					}
				}
				_, err := e.Execute(test.ctx(t), &Request{Tool: "t"})
				if errors.Is(err, ErrCircuitOpen) != test.counts {
					t.Errorf("the fourth call: %v", err)
				}
			})
		})
	}
}

// flaky is a tool that fails as long as it is told to.
func flaky(fails *bool, limits tools.Limits) *tools.Tool {
	return tool("t", func(context.Context, *tools.Call) (*tools.Result, error) {
		if *fails {
			return nil, errors.New("broken")
		}
		return tools.TextResult("works"), nil
	}, limits)
}

// TestBreakersReopenApart checks that breakers which opened at one moment do not let calls
// through at one moment (FAULTS row 56): what stands behind them may be one service, and it
// has just come back.
func TestBreakersReopenApart(t *testing.T) {
	t.Parallel()
	const open, crowd = 8 * time.Second, 100
	synctest.Test(t, func(t *testing.T) {
		var list []*tools.Tool
		for i := range crowd {
			list = append(list, tool(fmt.Sprint("t", i), func(context.Context, *tools.Call) (*tools.Result, error) {
				return nil, errors.New("broken")
			}))
		}
		e := newEngine(t, Options{Breaker: tools.Breaker{Failures: 1, Open: open}}, list...)
		moments := map[time.Duration]bool{}
		first, last := time.Hour, time.Duration(0)
		for _, tool := range list {
			<-start(e, t.Context(), tool.Name)
			wait := wantKind(t, <-start(e, t.Context(), tool.Name), KindCircuitOpen, ErrCircuitOpen).RetryAfter
			moments[wait] = true
			first, last = min(first, wait), max(last, wait)
		}
		if first < open || last > open+open/4 || last-first < open/8 || len(moments) < crowd/2 {
			t.Errorf("%d breakers reopen at %d moments, from %v to %v", crowd, len(moments), first, last)
		}
	})
}

// TestBreaker follows a tool that fails and recovers: its callers, its metrics and the
// log.
func TestBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		fails := true
		e := newEngine(t, Options{
			Logger:  slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelInfo})),
			Breaker: tools.Breaker{Failures: 2, Open: 8 * time.Second},
		}, flaky(&fails, tools.Limits{}), tool("other", echo))
		want := func(state BreakerState, since time.Time, opened uint64) {
			t.Helper()
			if got := e.Metrics().Tools["t"].Breaker; got.State != state || !got.Since.Equal(since) || got.Opened != opened {
				t.Errorf("got %+v, want %s since %v, opened %d times", got, state, since, opened)
			}
		}
		<-start(e, t.Context(), "t")
		want(BreakerClosed, time.Time{}, 0)
		<-start(e, t.Context(), "t")
		opened := time.Now()
		failure := wantKind(t, <-start(e, t.Context(), "t"), KindCircuitOpen, ErrCircuitOpen)
		if failure.RetryAfter < 8*time.Second || failure.RetryAfter > 10*time.Second {
			t.Errorf("retry after %v", failure.RetryAfter)
		}
		want(BreakerOpen, opened, 1)
		if err := <-start(e, t.Context(), "other"); err != nil {
			t.Errorf("another tool: %v", err)
		}
		time.Sleep(failure.RetryAfter)
		if got := e.Metrics().Tools["t"].Breaker.State; got != BreakerHalfOpen {
			t.Errorf("when the time is over: %s", got)
		}
		fails = false
		for range 15 {
			if err := <-start(e, t.Context(), "t"); err != nil {
				t.Errorf("a probe: %v", err)
			}
		}
		want(BreakerClosed, time.Now(), 1)
		if m := e.Metrics(); m.Total.Breaker.Opened != 1 || m.Tools["t"].Failed[KindCircuitOpen] != 1 {
			t.Errorf("%+v", m.Total)
		}
		for _, line := range []string{"a tool fails too often", "works again"} {
			if strings.Count(log.String(), line) != 1 {
				t.Errorf("the log lacks %q:\n%s", line, &log)
			}
		}
	})
}

// TestBreakerOff checks the engine's own switch.
func TestBreakerOff(t *testing.T) {
	t.Parallel()
	fails := true
	e := newEngine(t, Options{RepeatFailures: -1, Breaker: tools.Breaker{Off: true}}, flaky(&fails, tools.Limits{}))
	for range 30 {
		if err := <-start(e, t.Context(), "t"); errors.Is(err, ErrCircuitOpen) {
			t.Fatal(err)
		}
	}
}

// TestBreakerCancelled checks that a caller who leaves says nothing of the tool, neither
// that it fails nor that it works.
func TestBreakerCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Timeout: 2 * time.Second, Breaker: tools.Breaker{Failures: 2}}, tool("t", obey))
		<-start(e, t.Context(), "t")
		<-start(e, within(t, time.Second), "t")
		<-start(e, t.Context(), "t")
		wantKind(t, <-start(e, t.Context(), "t"), KindCircuitOpen, ErrCircuitOpen)
	})
}

// TestBreakerNewTool checks that a tool that was registered anew starts anew.
func TestBreakerNewTool(t *testing.T) {
	t.Parallel()
	fails := true
	e := newEngine(t, Options{}, flaky(&fails, tools.Limits{Breaker: tools.Breaker{Failures: 1}}))
	<-start(e, t.Context(), "t")
	wantKind(t, <-start(e, t.Context(), "t"), KindCircuitOpen, ErrCircuitOpen)
	e.opts.Registry.Remove("t")
	_ = e.opts.Registry.Add(tool("t", echo))
	if err := <-start(e, t.Context(), "t"); err != nil {
		t.Error(err)
	}
}

// TestBreakerProbeGivenBack checks that a probe which says nothing of its tool does not
// keep others from being one.
func TestBreakerProbeGivenBack(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		below Policy
	}{
		{"refused", func(Handler) Handler {
			return func(_ context.Context, x *Execution) (*tools.Result, error) {
				return nil, x.fail(KindOverloaded, ErrQueueFull)
			}
		}},
		{"panic", func(Handler) Handler {
			return func(context.Context, *Execution) (*tools.Result, error) { panic("below") }
		}},
	} {
		synctest.Test(t, func(t *testing.T) {
			fails := true
			e := newEngine(t, Options{}, flaky(&fails, tools.Limits{Breaker: tools.Breaker{Failures: 1, Open: time.Hour}}))
			<-start(e, t.Context(), "t")
			time.Sleep(2 * time.Hour)
			run := chain(invoke, []step{
				{policy: recoverPanics(e.opts.Logger)}, {policy: lookup(e.opts.Registry, e.stats)},
				{policy: e.trips.policy}, {policy: test.below},
			})
			_, _ = run(t.Context(), e.newExecution(&Request{Tool: "t"}))
			fails = false
			if err := <-start(e, t.Context(), "t"); err != nil {
				t.Errorf("%s: the next probe: %v", test.name, err)
			}
		})
	}
}

func BenchmarkBreaker(b *testing.B) {
	e := newEngine(b, Options{}, tool("t", echo))
	x := e.newExecution(&Request{Tool: "t", Caller: "ada"})
	x.Entry, _ = e.opts.Registry.Snapshot().Lookup("t")
	x.tool = e.stats.take("t")
	defer giveBackTool(x)
	result := tools.TextResult("")
	run := e.trips.policy(func(context.Context, *Execution) (*tools.Result, error) { return result, nil })
	b.ReportAllocs()
	for b.Loop() {
		if _, err := run(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}
