package executor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

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
