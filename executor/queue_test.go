package executor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
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

// request runs a call in a goroutine; the channel gives its error.
func request(e *Engine, ctx context.Context, req *Request) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := e.Execute(ctx, req)
		done <- err
	}()
	return done
}

// TestQueueBytes checks that the arguments of those that wait are bounded, and counted
// until they have left.
func TestQueueBytes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		limit   int64
		waiting int
	}{{0, 4}, {-1, 4}, {100, 1}, {140, 2}, {60, 0}} {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			e := newEngine(t, Options{Concurrency: 1, QueueBytes: test.limit}, tool("t", until(release)))
			arguments := fmt.Appendf(nil, `{"x":%q}`, strings.Repeat("x", 62)) // 70 bytes
			done := []<-chan error{start(e, t.Context(), "t")}
			synctest.Wait()
			refused := 0
			for range 4 {
				answer := request(e, t.Context(), &Request{Tool: "t", Arguments: arguments})
				synctest.Wait()
				if q := e.Metrics().Queue; q.WaitingBytes != int64(70*q.Waiting) {
					t.Errorf("%d wait with %d bytes", q.Waiting, q.WaitingBytes)
				}
				select {
				case err := <-answer:
					wantKind(t, err, KindOverloaded, errQueueBytes)
					refused++
				default:
					done = append(done, answer)
				}
			}
			q := e.Metrics().Queue
			if q.Waiting != test.waiting || q.RefusedBytes != uint64(refused) || refused != 4-test.waiting {
				t.Errorf("limit %d: %d wait, %d refused, want %d: %+v", test.limit, q.Waiting, refused, test.waiting, q)
			}
			close(release)
			for _, d := range done {
				<-d
			}
		})
	}
}

// TestQueueDeadline checks that a call is refused at once that would wait for too long,
// and when it is told to come back, and that a wait which may still be in time goes on
// until it is not. Calls take a second; one runs and two wait.
func TestQueueDeadline(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name               string
		deadline           time.Duration // of the call; 0 is none
		engine, tool       time.Duration // queue timeouts
		want               error
		after, took        time.Duration
		refused, timedOuts uint64
	}{
		{"refused by the deadline", 2 * time.Second, 0, 0, ErrQueueDeadline, time.Second, 0, 1, 0},
		{"refused by the engine's timeout", 0, time.Second, 0, ErrQueueDeadline, 2 * time.Second, 0, 1, 0},
		{"refused by the tool's timeout", 0, 0, time.Second, ErrQueueDeadline, 2 * time.Second, 0, 1, 0},
		{"the tool's goes first", 0, time.Second, 10 * time.Second, ErrQueueTimeout, 3 * time.Second, 10 * time.Second, 0, 1},
		{"long enough a deadline", 10 * time.Second, 0, 0, context.DeadlineExceeded, 0, 10 * time.Second, 0, 0},
		{"the engine's timeout", 0, 10 * time.Second, 0, ErrQueueTimeout, 3 * time.Second, 10 * time.Second, 0, 1},
		{"its default", 0, 0, 0, ErrQueueTimeout, 3 * time.Second, time.Minute, 0, 1},
		{"none", 2 * time.Minute, -1, 0, context.DeadlineExceeded, 0, 2 * time.Minute, 0, 0},
		{"none of the tool", 2 * time.Minute, time.Second, -1, context.DeadlineExceeded, 0, 2 * time.Minute, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				e := newEngine(t, Options{Concurrency: 1, QueueTimeout: test.engine, Timeout: -1},
					tool("other", until(release), tools.Limits{QueueTimeout: -1}),
					tool("t", until(release), tools.Limits{QueueTimeout: test.tool}))
				first := start(e, t.Context(), "other")
				time.Sleep(time.Second)
				release <- struct{}{}
				done := []<-chan error{first}
				for range 3 {
					done = append(done, start(e, t.Context(), "other"))
					synctest.Wait()
				}
				ctx, cancel := t.Context(), func() {}
				if test.deadline > 0 {
					ctx, cancel = context.WithTimeout(ctx, test.deadline)
				}
				defer cancel()
				begin := time.Now()
				var failure *Error
				if !errors.As(<-start(e, ctx, "t"), &failure) || !errors.Is(failure, test.want) || time.Since(begin) != test.took {
					t.Errorf("%v after %v", failure, time.Since(begin))
				}
				if failure.RetryAfter != test.after {
					t.Errorf("retry after %v, want %v", failure.RetryAfter, test.after)
				}
				if q := e.Metrics().Queue; q.RefusedDeadline != test.refused || q.TimedOut != test.timedOuts {
					t.Errorf("%d refused, %d timed out", q.RefusedDeadline, q.TimedOut)
				}
				close(release)
				for _, d := range done {
					<-d
				}
			})
		})
	}
}

// TestResize checks that the sizes change while calls run and wait: those who wait have
// the new slots at once, and nobody is stopped for fewer.
func TestResize(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, Options{Concurrency: 1, Queue: 4}, tool("t", until(release)))
		var done []<-chan error
		for range 5 {
			done = append(done, start(e, t.Context(), "t"))
		}
		for _, size := range []struct {
			concurrency, queue int
			running, waiting   int
			refuses            bool
		}{{1, 4, 1, 4, true}, {1, 5, 1, 4, false}, {3, 2, 3, 3, true}, {2, 9, 3, 3, false}, {1, -1, 3, 4, true}, {-1, 0, 3, 4, false}, {0, 0, 8, 0, false}} {
			e.Resize(size.concurrency, size.queue, 0)
			synctest.Wait()
			q := e.Metrics().Queue
			if q.Running != size.running || q.Waiting != size.waiting {
				t.Errorf("%+v: %d run, %d wait", size, q.Running, q.Waiting)
			}
			answer := start(e, t.Context(), "t")
			synctest.Wait()
			if len(answer) == 1 != size.refuses {
				t.Errorf("%+v: refused: %v", size, !size.refuses)
			}
			if size.refuses {
				wantKind(t, <-answer, KindOverloaded, ErrQueueFull)
			} else {
				done = append(done, answer)
			}
		}
		close(release)
		for _, d := range done {
			if err := <-d; err != nil {
				t.Error(err)
			}
		}
	})
}

// TestQueueState checks what is shown of the classes while a slot is free and while none
// is, and that the classes are those that the requests ask for.
func TestQueueState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, Options{Concurrency: 1, Timeout: -1}, tool("t", until(release)))
		first := start(e, t.Context(), "t")
		time.Sleep(4 * time.Second)
		release <- struct{}{}
		if err := <-first; err != nil {
			t.Error(err)
		}
		for p, c := range e.Metrics().Queue.Classes {
			if c != (ClassState{}) {
				t.Errorf("%v: %+v at rest", p, c)
			}
		}
		var done []<-chan error
		for i, p := range []Priority{0, PriorityBatch, -7, PriorityNormal, PriorityInteractive, 9, 1} {
			done = append(done, request(e, t.Context(), &Request{Tool: "t", Priority: p, Caller: fmt.Sprint(i)}))
			synctest.Wait()
		}
		got := e.Metrics().Queue
		want := map[Priority]ClassState{PriorityBatch: {2, 28 * time.Second}, PriorityNormal: {1, 20 * time.Second}, PriorityInteractive: {3, 16 * time.Second}}
		if !maps.Equal(got.Classes, want) || got.Running != 1 || got.Waiting != 6 || got.Concurrency != 1 || got.Room != 1024 || got.RoomBytes != 64<<20 {
			t.Errorf("got %+v", got)
		}
		close(release)
		for _, d := range done {
			<-d
		}
	})
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
