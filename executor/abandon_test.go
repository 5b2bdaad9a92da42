package executor

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// TestAbandonCharges checks what a handler that ignores its context costs: its caller
// is answered after the grace, it is shown and counted, and its slot stays taken until
// it returns.
func TestAbandonCharges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, Options{Timeout: time.Second, QueueTimeout: -1}, tool("t", until(release), tools.Limits{Concurrency: 1}))
		begin := time.Now()
		wantKind(t, <-start(e, t.Context(), "t"), KindTimeout, ErrTimeout)
		if took := time.Since(begin); took != 1100*time.Millisecond {
			t.Errorf("answered after %v", took)
		}
		next := start(e, t.Context(), "t")
		time.Sleep(time.Hour)
		synctest.Wait()
		counts := e.Metrics().Total
		if counts.Abandoned != 1 || counts.AbandonedEver != 1 || counts.Running != 1 || counts.Waiting != 1 {
			t.Errorf("while stuck: %+v", counts)
		}
		if calls := e.InFlight(); len(calls) != 2 || !calls[0].Abandoned || !calls[1].Started.IsZero() {
			t.Errorf("in flight: %+v", calls)
		}
		close(release)
		if err := <-next; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		counts = e.Metrics().Total
		if counts.Abandoned != 0 || counts.AbandonedEver != 1 || !records(e)[0].Abandoned || records(e)[1].Abandoned {
			t.Errorf("at the end: %+v, %+v", counts, records(e))
		}
	})
}

// TestAbandonGrace checks that a handler that ends in time after its context is done
// has its own answer count.
func TestAbandonGrace(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	for _, test := range []struct {
		name  string
		grace time.Duration
		after time.Duration // from the timeout to the return
		err   error         // of the handler
		kind  Kind          // of the answer
		text  string        // of the answer, where it is none
	}{
		{"own result", 0, 50 * time.Millisecond, nil, "", "in time"},
		{"own words", 0, 50 * time.Millisecond, tools.Errorf("half done"), "", "half done"},
		{"words about the context", 0, 0, tools.Errorf("stopped: %w", context.Canceled), KindTimeout, ""},
		{"the context's error", 0, 0, context.Canceled, KindTimeout, ""},
		{"another error", 0, 0, broken, KindTimeout, ""},
		{"too late", 0, 150 * time.Millisecond, nil, KindTimeout, ""},
		{"longer grace", time.Second, 150 * time.Millisecond, nil, "", "in time"},
		{"no grace", -1, time.Millisecond, nil, KindTimeout, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := newEngine(t, Options{Timeout: time.Second, AbandonGrace: test.grace},
					tool("t", func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
						<-ctx.Done()
						time.Sleep(test.after)
						if test.err != nil {
							return nil, test.err
						}
						return tools.TextResult("in time"), nil
					}))
				result, err := e.Execute(t.Context(), &Request{Tool: "t"})
				if test.kind != "" {
					wantKind(t, err, test.kind, ErrTimeout)
				} else if err != nil || result.Content[0].(tools.Text).Text != test.text {
					t.Errorf("got %v, %v", result, err)
				}
				if test.err == broken && !errors.Is(err, broken) {
					t.Errorf("%v has lost the handler's error", err)
				}
				time.Sleep(time.Second)
				synctest.Wait()
			})
		})
	}
}

// TestAfterReturn checks the three moments at which it calls.
func TestAfterReturn(t *testing.T) {
	t.Parallel()
	x := &Execution{}
	called := 0
	count := func(*Execution) { called++ }
	if x.AfterReturn(count); called != 1 {
		t.Fatal("not called where no handler was started")
	}
	x.handlerStarts()
	x.handlerStarts()
	x.AfterReturn(count)
	x.handlerReturned()
	if x.AfterReturn(count); called != 1 {
		t.Fatal("called while a handler runs")
	}
	if x.handlerReturned(); called != 3 {
		t.Fatal("not called when the last handler returned")
	}
	if x.AfterReturn(count); called != 4 {
		t.Fatal("not called after the return")
	}
}

// TestAbandonedReturnsIntoARepeat checks that a handler that was abandoned may return at
// any moment while a policy repeats its call, also for the race detector.
func TestAbandonedReturnsIntoARepeat(t *testing.T) {
	t.Parallel()
	for range 300 {
		release := make(chan struct{})
		stuck := func(context.Context, *tools.Call) (*tools.Result, error) {
			<-release
			return tools.TextResult("late"), nil
		}
		repeat := func(next Handler) Handler {
			return func(ctx context.Context, x *Execution) (*tools.Result, error) {
				first, cancel := context.WithCancel(ctx)
				cancelled := make(chan struct{})
				go func() { cancel(); close(cancelled) }()
				_, err := next(first, x)
				<-cancelled
				if err == nil {
					t.Error("the first attempt was not cancelled")
				}
				close(release)
				return next(ctx, x)
			}
		}
		e := newEngine(t, Options{Concurrency: 2, AbandonGrace: -1, Policies: []Policy{repeat}}, tool("t", stuck))
		if result, err := e.Execute(t.Context(), &Request{Tool: "t"}); err != nil || result.IsError {
			t.Fatal(result, err)
		}
		if err := e.Quiet(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
