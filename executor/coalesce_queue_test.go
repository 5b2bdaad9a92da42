package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// TestCoalesceOutranked checks that what a call of a higher class has begun stays to be
// found when that of the lower class, in whose place it came, ends.
func TestCoalesceOutranked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		release := make(chan struct{})
		e := newEngine(t, Options{Concurrency: 1}, tool("t", slowly(&calls), shared), tool("busy", until(release)))
		busy := start(e, t.Context(), "busy")
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		low := send(ctx, e, Request{Priority: PriorityBatch})
		high := send(t.Context(), e, Request{})
		cancel()
		wantKind(t, (<-low).err, KindCancelled, context.Canceled)
		late := send(t.Context(), e, Request{})
		close(release)
		if err := errors.Join(<-busy, (<-high).err, (<-late).err); err != nil || calls.Load() != 1 {
			t.Errorf("%v; %d calls of the tool", err, calls.Load())
		}
	})
}

// TestCoalesceRefused checks that what was refused for its leader is tried again for
// those whom it need not concern, with one execution for all who are left.
func TestCoalesceRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		err     error
		refused int // calls
	}{
		{"caller", errors.New("enough"), 2},
		{"deadline", ErrQueueDeadline, 1},
		{"queue timeout", ErrQueueTimeout, 5},
		{"rate limit", ErrRateLimited, 2},
		{"deadline at a rate limit", &rateError{hurried: true}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var calls, flights atomic.Int32
				e := newEngine(t, Options{}, tool("t", slowly(&calls), shared))
				e.run = e.with("cache", func(next Handler) Handler {
					return func(ctx context.Context, x *Execution) (*tools.Result, error) {
						if how := x.snapshot().Cached; how != "" {
							t.Errorf("the flight is noted as %s", how)
						}
						if flights.Add(1) > 1 {
							return next(ctx, x)
						}
						time.Sleep(time.Second)
						return nil, x.fail(KindRateLimited, test.err)
					}
				})
				var list []<-chan answer
				for _, caller := range []string{"ada", "ada", "bob", "bob", "eve"} {
					list = append(list, send(t.Context(), e, Request{Caller: caller}))
				}
				for i, done := range list {
					a := <-done
					if i < test.refused {
						wantKind(t, a.err, KindRateLimited, test.err)
					} else if a.err != nil || a.after != 11*time.Second {
						t.Errorf("call %d: %+v", i, a)
					}
				}
				if n := int(calls.Load()); n > 1 || (n == 1) != (test.refused < 5) {
					t.Errorf("%d calls of the tool", n)
				}
				if n := e.Metrics().Total.Refused; n != uint64(test.refused) {
					t.Errorf("%d calls were refused", n)
				}
			})
		})
	}
}

// with returns the pipeline with one more policy inside of the step of this name.
func (e *Engine) with(name string, policy Policy) Handler {
	steps := e.pipeline()
	at := slices.IndexFunc(steps, func(s step) bool { return s.name == name })
	return chain(invoke, slices.Insert(steps, at+1, step{"more", policy}))
}

// TestCoalesceQueueDeadline checks that the queue knows the deadline of a call that
// leads a flight, and that the flight does not end with it.
func TestCoalesceQueueDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		e := newEngine(t, Options{Concurrency: 1}, tool("t", slowly(&calls), shared))
		for i := range 2 { // the first teaches the queue how long a call takes
			other := send(t.Context(), e, Request{Arguments: fmt.Appendf(nil, `{"n":%d}`, i)})
			if i == 0 {
				<-other
			}
		}
		a := <-send(within(t, time.Second), e, Request{})
		wantKind(t, a.err, KindOverloaded, ErrQueueDeadline)
		if a.after != 0 {
			t.Errorf("refused after %v", a.after)
		}
		leader := send(within(t, 15*time.Second), e, Request{})
		joiner := send(t.Context(), e, Request{})
		wantKind(t, (<-leader).err, KindTimeout, context.DeadlineExceeded)
		if a := <-joiner; a.err != nil || a.after != 20*time.Second || calls.Load() != 3 {
			t.Errorf("%+v; %d calls of the tool", a, calls.Load())
		}
	})
}

// TestCoalesceRateDeadline checks that the rate limits, too, know the deadline of a call
// that leads a flight, and that what could wait without it waits.
func TestCoalesceRateDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		e := newEngine(t, Options{Rate: tools.Rate{Count: 1, Per: 20 * time.Second}, RateWait: time.Minute}, tool("t", slowly(&calls), shared))
		<-send(t.Context(), e, Request{Arguments: []byte(`{"n":1}`)}) // takes the token, and half of the time
		hurried := <-send(within(t, 5*time.Second), e, Request{})
		wantKind(t, hurried.err, KindRateLimited, ErrRateLimited)
		patient := <-send(within(t, time.Minute), e, Request{})
		if hurried.after != 0 || patient.err != nil || patient.after != 20*time.Second {
			t.Errorf("refused after %v; then %+v", hurried.after, patient)
		}
	})
}

// TestCoalescePriority checks that a call does not wait in a lower class than its own,
// but shares what runs already.
func TestCoalescePriority(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		slots int
		calls int32 // of the tool
	}{{1, 2}, {2, 1}} {
		synctest.Test(t, func(t *testing.T) {
			var calls atomic.Int32
			limits := shared
			limits.Cache = &tools.Cache{Shared: true, TTL: -1}
			release := make(chan struct{})
			e := newEngine(t, Options{Concurrency: test.slots}, tool("t", slowly(&calls), limits), tool("busy", until(release)))
			busy := start(e, t.Context(), "busy")
			synctest.Wait()
			var list []<-chan answer
			for _, p := range []Priority{PriorityBatch, PriorityInteractive, PriorityBatch, PriorityInteractive} {
				list = append(list, send(t.Context(), e, Request{Priority: p}))
			}
			close(release)
			for _, done := range list {
				if a := <-done; a.err != nil {
					t.Error(a.err)
				}
			}
			if err := <-busy; err != nil || calls.Load() != test.calls {
				t.Errorf("%v; with %d slots %d calls of the tool", err, test.slots, calls.Load())
			}
		})
	}
}
