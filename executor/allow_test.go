package executor

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// allowances gives each caller its own.
func allowances(of map[string]Allowance) func(string) Allowance {
	return func(caller string) Allowance { return of[caller] }
}

// TestAllowancePriority checks that a caller may ask for lower classes than its own and
// for no higher.
func TestAllowancePriority(t *testing.T) {
	t.Parallel()
	b, n, i := PriorityBatch, PriorityNormal, PriorityInteractive
	for _, test := range []struct {
		own                               *Priority
		usual, batch, normal, interactive Priority
	}{
		{nil, n, b, n, i},
		{&b, b, b, b, b},
		{&n, n, b, n, n},
		{&i, i, b, n, i},
	} {
		opts := Options{Allowance: allowances(map[string]Allowance{"ada": {Priority: test.own}})}
		if test.own == nil {
			opts.Allowance = nil
		}
		e := newEngine(t, opts, tool("t", echo))
		for wanted, want := range map[Priority]Priority{PriorityUsual: test.usual, b: test.batch, n: test.normal, i: test.interactive} {
			if _, err := e.Execute(t.Context(), &Request{Tool: "t", Caller: "ada", Priority: wanted}); err != nil {
				t.Fatal(err)
			}
			if list := records(e); list[len(list)-1].Priority != want.String() {
				t.Errorf("own %v: asked for %d, has %s, want %s", test.own, wanted, list[len(list)-1].Priority, want)
			}
		}
	}
}

// TestAllowanceConcurrency checks that a caller has its slots and no more, also after an
// abandoned call, that it holds up nobody, and that Adjust changes them for those who wait.
func TestAllowanceConcurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		own := map[string]Allowance{"greedy": {Concurrency: 2}}
		e := newEngine(t, Options{Concurrency: 8, Allowance: allowances(own)}, tool("t", until(release)), tool("u", until(release)))
		var done []<-chan answer
		call := func(caller string) <-chan answer {
			a := send(t.Context(), e, Request{Caller: caller, Priority: PriorityInteractive})
			done = append(done, a)
			return a
		}
		want := func(running, waiting int) {
			t.Helper()
			synctest.Wait()
			if q := e.Metrics().Queue; q.Running != running || q.Waiting != waiting {
				t.Errorf("%d run, %d wait; want %d, %d", q.Running, q.Waiting, running, waiting)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		stuck := send(ctx, e, Request{Caller: "greedy"})
		cancel()
		wantKind(t, (<-stuck).err, KindCancelled, context.Canceled) // and its handler goes on
		for range 5 {
			call("greedy")
		}
		want(2, 4)
		call("modest")
		want(3, 4)
		for _, r := range e.Activities() {
			if waits := r.Started.IsZero(); waits != (r.WaitsFor == "a slot of its caller") {
				t.Errorf("%s waits: %v, for %q", r.Caller, waits, r.WaitsFor)
			}
		}
		own["greedy"] = Allowance{Concurrency: 4}
		e.Adjust(Options{Concurrency: 8})
		want(5, 2)
		own["greedy"] = Allowance{Concurrency: 1}
		e.Adjust(Options{Concurrency: 8})
		call("greedy")
		want(5, 3)
		delete(own, "greedy")
		e.Adjust(Options{Concurrency: 8})
		want(8, 0)
		close(release)
		for _, a := range done {
			if err := (<-a).err; err != nil {
				t.Error(err)
			}
		}
	})
}

// TestAllowanceQueue checks that a caller has its places and no more, whose they are when
// it has them all, and what it is told.
func TestAllowanceQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		own := map[string]Allowance{"two": {Queue: 2}, "none": {Queue: -1}, "mixed": {Queue: 2}}
		e := newEngine(t, Options{Concurrency: 1, Queue: 100, Allowance: allowances(own)}, tool("t", until(release)))
		call := func(caller string, p Priority) <-chan answer {
			return send(t.Context(), e, Request{Caller: caller, Priority: p})
		}
		done := []<-chan answer{call("first", 0), call("two", 0), call("two", 0)}
		refused := wantKind(t, (<-call("two", 0)).err, KindOverloaded, ErrQueueFull)
		if refused.RetryAfter == 0 || !errors.Is(refused, errShare) || !strings.Contains(refused.Public(), "of this caller wait") {
			t.Errorf("%v, retry after %v", refused, refused.RetryAfter)
		}
		wantKind(t, (<-call("none", 0)).err, KindOverloaded, errShare)
		low := []<-chan answer{call("mixed", PriorityNormal), call("mixed", PriorityBatch)}
		wantKind(t, (<-call("mixed", PriorityBatch)).err, KindOverloaded, errShare)
		done = append(done, call("mixed", PriorityInteractive), call("other", 0), low[0])
		wantKind(t, (<-low[1]).err, KindOverloaded, errYielded)
		if q := e.Metrics().Queue; q.RefusedShare != 4 || q.RefusedFull != 0 || q.Waiting != 5 {
			t.Errorf("%+v", q)
		}
		close(release)
		for _, a := range done {
			if err := (<-a).err; err != nil {
				t.Error(err)
			}
		}
	})
}

// TestAllowanceForecast checks that a call which would wait for its caller's slots beyond
// its deadline is refused at once, and that another caller's is not.
func TestAllowanceForecast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		minute := func(context.Context, *tools.Call) (*tools.Result, error) {
			time.Sleep(time.Minute)
			return tools.TextResult("ok"), nil
		}
		e := newEngine(t, Options{Timeout: -1, QueueTimeout: -1, Allowance: allowances(map[string]Allowance{"one": {Concurrency: 1}})}, tool("t", minute))
		if err := callAs(e, "one", "t"); err != nil { // how long a call takes is known now
			t.Fatal(err)
		}
		done := []<-chan answer{}
		for range 2 {
			done = append(done, send(t.Context(), e, Request{Caller: "one"}))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		failure := wantKind(t, (<-send(ctx, e, Request{Caller: "one"})).err, KindOverloaded, ErrQueueDeadline)
		if failure.RetryAfter != 30*time.Second {
			t.Errorf("retry after %v", failure.RetryAfter)
		}
		done = append(done, send(ctx, e, Request{Caller: "two"}))
		for _, a := range done {
			if err := (<-a).err; err != nil {
				t.Error(err)
			}
		}
	})
}

// TestAllowanceFlight checks that nobody waits for a result behind the calls of another
// caller who has all its slots.
func TestAllowanceFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		release := make(chan struct{})
		e := newEngine(t, Options{Allowance: allowances(map[string]Allowance{"greedy": {Concurrency: 1}})},
			tool("t", slowly(&calls), shared), tool("busy", until(release)))
		busy := make(chan error, 1)
		go func() { busy <- callAs(e, "greedy", "busy") }()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		greedy := send(ctx, e, Request{Caller: "greedy"})
		again := send(ctx, e, Request{Caller: "greedy"})
		if a := <-send(t.Context(), e, Request{Caller: "modest"}); a.err != nil || a.after != 10*time.Second || calls.Load() != 1 {
			t.Errorf("%v after %v, %d calls", a.err, a.after, calls.Load())
		}
		cancel()
		for _, a := range []<-chan answer{greedy, again} {
			wantKind(t, (<-a).err, KindCancelled, context.Canceled)
		}
		close(release)
		if err := <-busy; err != nil {
			t.Error(err)
		}
	})
}

// TestAllowancePanic checks that the user's function fails its own call only.
func TestAllowancePanic(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Options{Allowance: func(caller string) Allowance { panic(caller) }}, tool("t", echo))
	wantKind(t, callAs(e, "ada", "t"), KindPanic, ErrPanic)
}

// TestAgedLinesHaveACallThatMayRun checks that a line which was passed over too often is not
// asked for a call while all its callers have their slots.
func TestAgedLinesHaveACallThatMayRun(t *testing.T) {
	t.Parallel()
	s, a, b := newSlots(2), &lane{}, &lane{}
	admit := func(l *lane, caller string, class int) *ticket {
		return s.admit(&ticket{lane: l, class: class, caller: caller, account: s.account(caller, &Allowance{Concurrency: 1})})
	}
	admit(b, "greedy", interactive)
	running, held, next := admit(b, "other", interactive), admit(a, "greedy", batch), admit(a, "modest", interactive)
	a.lines[batch].passed = patience[batch]
	s.vacate(running)
	checkSlots(t, s, []*lane{a, b})
	if next.state != ticketRunning || held.state != ticketWaiting {
		t.Errorf("the next is in state %d, the one that is held in %d", next.state, held.state)
	}
}
