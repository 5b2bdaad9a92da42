package executor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/tools"
)

// TestQueueLimits checks that no more calls run than the server and the tool allow,
// and that those that can run do.
func TestQueueLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, Options{Concurrency: 3},
			tool("narrow", until(release), tools.Limits{Concurrency: 1}), tool("wide", until(release)))
		var done []<-chan error
		for _, name := range []string{"narrow", "narrow", "narrow", "wide", "wide", "wide"} {
			done = append(done, start(e, t.Context(), name))
			synctest.Wait()
		}
		m := e.Metrics()
		if n, w := m.Tools["narrow"], m.Tools["wide"]; n.Running != 1 || n.Waiting != 2 || w.Running != 2 || w.Waiting != 1 {
			t.Errorf("narrow: %d run, %d wait; wide: %d run, %d wait", n.Running, n.Waiting, w.Running, w.Waiting)
		}
		time.Sleep(time.Second)
		close(release)
		for _, d := range done {
			if err := <-d; err != nil {
				t.Error(err)
			}
		}
		waited := map[history.Waits]int{}
		for _, r := range records(e) {
			waited[r.Waits]++
		}
		want := map[history.Waits]int{{}: 3, {Tool: time.Second}: 2, {Server: time.Second}: 1}
		if !maps.Equal(waited, want) {
			t.Errorf("waits: %v, want %v", waited, want)
		}
	})
}

// TestQueueOrder checks that calls of one tool run in the order in which they came.
func TestQueueOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var order []string
		e := newEngine(t, Options{Concurrency: 1}, tool("t", func(_ context.Context, call *tools.Call) (*tools.Result, error) {
			time.Sleep(time.Second)
			order = append(order, call.Caller)
			return tools.TextResult(""), nil
		}))
		for i := range 10 {
			go func() { _, _ = e.Execute(t.Context(), &Request{Tool: "t", Caller: fmt.Sprint(i)}) }()
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if !slices.IsSorted(order) || len(order) != 10 {
			t.Errorf("order: %v", order)
		}
	})
}

// TestQueueShares checks on the whole engine that a caller with many waiting calls of
// every tool delays another's first by one call, and a class a higher one not at all.
func TestQueueShares(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var order []string
		second := func(_ context.Context, call *tools.Call) (*tools.Result, error) {
			time.Sleep(time.Second)
			order = append(order, call.Caller)
			return tools.TextResult(""), nil
		}
		e := newEngine(t, Options{Concurrency: 1, QueueTimeout: -1}, tool("t", second), tool("u", second))
		var done []<-chan error
		ask := func(n int, p Priority, caller string) {
			for i := range n {
				done = append(done, request(e, t.Context(), &Request{Tool: []string{"t", "u"}[i%2], Caller: caller, Priority: p}))
				synctest.Wait()
			}
		}
		ask(100, PriorityNormal, "greedy")
		ask(1, PriorityNormal, "shy")
		ask(2, PriorityInteractive, "person")
		for _, d := range done {
			if err := <-d; err != nil {
				t.Error(err)
			}
		}
		if got := fmt.Sprint(order[:6]); got != "[greedy person person greedy shy greedy]" {
			t.Errorf("order: %s", got)
		}
	})
}

// request runs a call in a goroutine; the channel gives its error.
func request(e *Engine, ctx context.Context, req *Request) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := e.Execute(ctx, req)
		done <- err
	}()
	return done
}

// TestQueueLeave checks that a call that is cancelled while it waits is answered at
// once and leaves the others their order and their slots.
func TestQueueLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, Options{Concurrency: 1}, tool("t", until(release)))
		first := start(e, t.Context(), "t")
		synctest.Wait()
		reason := errors.New("the user pressed stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		second := start(e, ctx, "t")
		synctest.Wait()
		third := start(e, t.Context(), "t")
		synctest.Wait()
		cancel(reason)
		err := <-second
		wantKind(t, err, KindCancelled, reason)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v does not wrap context.Canceled", err)
		}
		late, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		wantKind(t, <-start(e, late, "t"), KindTimeout, context.DeadlineExceeded)
		close(release)
		if err := errors.Join(<-first, <-third); err != nil {
			t.Error(err)
		}
		gone, stop := context.WithCancel(t.Context())
		stop()
		wantKind(t, <-start(e, gone, "t"), KindCancelled, context.Canceled)
	})
}

// TestQueueStress has callers come, work and leave at random, in real concurrency.
// The engine's cleanup checks that no slot was lost.
func TestQueueStress(t *testing.T) {
	t.Parallel()
	var running [3]atomic.Int32
	limits := [3]int32{1, 2, 0}
	var list []*tools.Tool
	for i := range running {
		list = append(list, tool(fmt.Sprint("t", i), func(context.Context, *tools.Call) (*tools.Result, error) {
			if n := running[i].Add(1); limits[i] > 0 && n > limits[i] {
				t.Errorf("tool %d: %d run at once", i, n)
			}
			defer running[i].Add(-1)
			return tools.TextResult(""), nil
		}, tools.Limits{Concurrency: int(limits[i])}))
	}
	e := newEngine(t, Options{Concurrency: 4, Queue: 6}, list...)
	done := make(chan map[Kind]int)
	const callers, calls = 16, 200
	for caller := range uint64(callers) {
		go func() {
			r := rand.New(rand.NewPCG(caller, 2))
			kinds := map[Kind]int{}
			for range calls {
				ctx, cancel := context.WithCancel(context.Background())
				answer := start(e, ctx, fmt.Sprint("t", r.IntN(3)))
				if r.IntN(3) == 0 {
					cancel()
				}
				var failure *Error
				errors.As(<-answer, &failure)
				if failure != nil {
					kinds[failure.Kind]++
				}
				cancel()
			}
			done <- kinds
		}()
	}
	for range callers {
		for kind := range <-done {
			if kind != KindCancelled && kind != KindOverloaded {
				t.Errorf("unexpected: %s", kind)
			}
		}
	}
	if n := e.Metrics().Total.Calls; n != callers*calls {
		t.Errorf("%d calls counted, want %d", n, callers*calls)
	}
}

// TestQueueStopLate checks that a stop which comes after the slot leaves that to the call.
func TestQueueStopLate(t *testing.T) {
	t.Parallel()
	q := newQueue(nil)
	q.slots = slots{capacity: 1, room: 1}
	first, x := &ticket{lane: &lane{}}, &Execution{}
	x.ticket.lane = first.lane
	q.update(func(s *slots) { s.admit(first); s.admit(&x.ticket) })
	q.update(func(s *slots) { s.leave(first) })
	q.stop(x, ErrShuttingDown)
	<-x.ticket.granted
	if x.ticket.stopped != nil || x.ticket.state != ticketRunning || q.slots.running != 1 {
		t.Errorf("stopped: %v, %d run", x.ticket.stopped, q.slots.running)
	}
}

// TestQueueYields checks that a full room is closed neither to a higher class nor to a
// caller with fewer calls in it, and what those are told who yield their places.
func TestQueueYields(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, Options{Concurrency: 1, Queue: 64}, tool("t", until(release)))
		call := func(caller string, p Priority) <-chan answer {
			defer synctest.Wait()
			return send(t.Context(), e, Request{Tool: "t", Caller: caller, Priority: p})
		}
		running := call("greedy", PriorityBatch)
		var greedy []<-chan answer
		for range 64 {
			greedy = append(greedy, call("greedy", PriorityBatch))
		}
		wantKind(t, (<-call("greedy", PriorityBatch)).err, KindOverloaded, ErrQueueFull)
		wanted := []<-chan answer{running, call("person", PriorityInteractive), call("modest", PriorityBatch)}
		for _, yielded := range greedy[62:] {
			if failure := wantKind(t, (<-yielded).err, KindOverloaded, errYielded); failure.RetryAfter <= 0 {
				t.Error("no time to try again")
			}
		}
		if q := e.Metrics().Queue; q.Waiting != 64 || q.RefusedFull != 3 {
			t.Errorf("%+v", q)
		}
		close(release)
		for _, done := range append(wanted, greedy[:62]...) {
			if a := <-done; a.err != nil {
				t.Error(a.err)
			}
		}
	})
}

// TestQueueFollowsRegistry checks that calls which wait for a tool have the slots that it
// is given when it is registered anew, and that the registry does not keep the engine.
func TestQueueFollowsRegistry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, Options{}, tool("t", until(release), tools.Limits{Concurrency: 1}))
		var ended []<-chan error
		for range 4 {
			ended = append(ended, start(e, t.Context(), "t"))
		}
		synctest.Wait()
		if err := e.opts.Registry.Replace([]string{"t"}, tool("t", until(release), tools.Limits{Concurrency: 3})); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if c := e.Metrics().Tools["t"]; c.Running != 3 || c.Waiting != 1 {
			t.Errorf("%d run, %d wait", c.Running, c.Waiting)
		}
		close(release)
		for _, err := range ended {
			if err := <-err; err != nil {
				t.Error(err)
			}
		}
	})
	registry := &tools.Registry{}
	gone := weak.Make(New(Options{Registry: registry}))
	for range 10 {
		runtime.GC()
	}
	if gone.Value() != nil {
		t.Error("the registry keeps the engine")
	}
	if err := registry.Add(tool("t", echo)); err != nil {
		t.Error(err)
	}
}

// TestQueueRepeat checks that a policy may repeat a call that has waited in vain.
func TestQueueRepeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		again := func(next Handler) Handler {
			return func(ctx context.Context, x *Execution) (*tools.Result, error) {
				result, err := next(ctx, x)
				for errors.Is(err, ErrQueueTimeout) {
					result, err = next(ctx, x)
				}
				return result, err
			}
		}
		release := make(chan struct{})
		e := newEngine(t, Options{Concurrency: 1, QueueTimeout: time.Second, Timeout: -1, Policies: []Policy{again}}, tool("t", until(release)))
		first := start(e, t.Context(), "t")
		synctest.Wait()
		second := start(e, t.Context(), "t")
		time.Sleep(2500 * time.Millisecond)
		close(release)
		if err := errors.Join(<-first, <-second); err != nil {
			t.Error(err)
		}
		if q := e.Metrics().Queue; q.TimedOut != 2 {
			t.Errorf("%d timed out", q.TimedOut)
		}
	})
}
