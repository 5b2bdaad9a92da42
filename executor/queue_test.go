package executor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

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

func TestQueueFull(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name             string
		queue, wait      int
		ended, low, high time.Duration // how long an earlier call took; bounds of the hint
	}{
		{"no room", -1, 0, 0, unknownRetry, unknownRetry},
		{"room of two", 2, 2, 0, unknownRetry, unknownRetry},
		{"estimate", 1, 1, 2 * time.Second, 4 * time.Second, 4 * time.Second},
		{"least", 1, 1, time.Microsecond, minRetry, minRetry},
		{"most", 1, 1, time.Minute, maxRetry, maxRetry},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				e := newEngine(t, Options{Concurrency: 1, Queue: test.queue, Timeout: -1}, tool("t", until(release)))
				if test.ended > 0 {
					first := start(e, t.Context(), "t")
					time.Sleep(test.ended)
					release <- struct{}{}
					<-first
				}
				var done []<-chan error
				for range 1 + test.wait {
					done = append(done, start(e, t.Context(), "t"))
				}
				synctest.Wait()
				_, err := e.Execute(t.Context(), &Request{Tool: "t"})
				failure := wantKind(t, err, KindOverloaded, ErrQueueFull)
				if failure.RetryAfter < test.low || failure.RetryAfter > test.high {
					t.Errorf("retry after %v, want %v to %v", failure.RetryAfter, test.low, test.high)
				}
				close(release)
				for _, d := range done {
					<-d
				}
			})
		})
	}
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
