package executor

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// within returns a context that is done after a time.
func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// TestDrainInTime checks that new calls are refused while running and waiting ones end
// by themselves.
func TestDrainInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Concurrency: 1}, tool("t", func(context.Context, *tools.Call) (*tools.Result, error) {
			time.Sleep(2 * time.Second)
			return tools.TextResult(""), nil
		}))
		running, waiting := start(e, t.Context(), "t"), start(e, t.Context(), "t")
		synctest.Wait()
		begin := time.Now()
		drained := make(chan error, 3)
		for range 3 {
			go func() { drained <- e.Drain(within(t, time.Minute)) }()
		}
		synctest.Wait()
		if !e.Draining() {
			t.Error("not draining")
		}
		_, err := e.Execute(t.Context(), &Request{Tool: "t"})
		if failure := wantKind(t, err, KindShuttingDown, ErrShuttingDown); failure.RetryAfter <= 0 {
			t.Error("no hint when to retry")
		}
		if err := errors.Join(<-running, <-waiting, <-drained, <-drained, <-drained, e.Drain(t.Context())); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took != 4*time.Second {
			t.Errorf("drained after %v", took)
		}
		if n := len(records(e)); n != 3 {
			t.Errorf("%d records", n)
		}
	})
}

// TestDrainCancels checks what becomes of calls that do not end in time, wherever
// they are.
func TestDrainCancels(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var cause error
		e := newEngine(t, Options{Concurrency: 2, Timeout: -1},
			tool("obeys", func(ctx context.Context, call *tools.Call) (*tools.Result, error) {
				defer func() { cause = context.Cause(ctx) }()
				return obey(ctx, call)
			}), tool("stubborn", until(release)))
		var done []<-chan error
		for _, name := range []string{"obeys", "stubborn", "obeys"} { // the third waits
			done = append(done, start(e, t.Context(), name))
			synctest.Wait()
		}
		begin := time.Now()
		err := e.Drain(within(t, time.Second))
		var result *DrainError
		if !errors.As(err, &result) || *result != (DrainError{Cancelled: 3, Abandoned: 1}) {
			t.Errorf("drain: %v", err)
		}
		if took := time.Since(begin); took != time.Second+100*time.Millisecond {
			t.Errorf("drained after %v", took)
		}
		for _, d := range done {
			wantKind(t, <-d, KindShuttingDown, ErrShuttingDown)
		}
		if cause != ErrShuttingDown {
			t.Errorf("the handler saw the cause %v", cause)
		}
		close(release)
		synctest.Wait()
	})
}

// TestDrainReachesPolicies checks that a call is cancelled in a policy of the user's,
// and that one that hangs there does not hang the drain.
func TestDrainReachesPolicies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		hold := func(next Handler) Handler {
			return func(ctx context.Context, x *Execution) (*tools.Result, error) {
				if x.Call.Tool == "hangs" {
					<-release
				} else {
					<-ctx.Done()
				}
				return nil, ctx.Err()
			}
		}
		e := newEngine(t, Options{Policies: []Policy{hold}}, tool("waits", echo), tool("hangs", echo))
		waits, hangs := start(e, t.Context(), "waits"), start(e, t.Context(), "hangs")
		synctest.Wait()
		var result *DrainError
		if err := e.Drain(within(t, 0)); !errors.As(err, &result) || *result != (DrainError{Cancelled: 2, Unanswered: 1}) {
			t.Errorf("drain: %v", err)
		}
		wantKind(t, <-waits, KindShuttingDown, ErrShuttingDown)
		close(release)
		wantKind(t, <-hangs, KindShuttingDown, ErrShuttingDown)
	})
}

// TestDrainHastened checks that a second drain can cut a first one short, and that
// both say what happened.
func TestDrainHastened(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Timeout: -1}, tool("t", obey))
		call := start(e, t.Context(), "t")
		synctest.Wait()
		first := make(chan error)
		go func() { first <- e.Drain(t.Context()) }()
		synctest.Wait()
		var a, b *DrainError
		if !errors.As(e.Drain(within(t, 0)), &b) || !errors.As(<-first, &a) || a.Cancelled != 1 || b.Cancelled != 1 {
			t.Errorf("first %v, second %v", a, b)
		}
		<-call
	})
}

// TestDrainLeavesAbandoned checks that handlers abandoned before do not hold up the
// drain, and are reported.
func TestDrainLeavesAbandoned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, Options{Timeout: time.Second}, tool("t", until(release)))
		<-start(e, t.Context(), "t")
		var result *DrainError
		if err := e.Drain(t.Context()); !errors.As(err, &result) || *result != (DrainError{Abandoned: 1}) {
			t.Errorf("drain: %v", err)
		}
		close(release)
		synctest.Wait()
		if err := e.Drain(t.Context()); err != nil {
			t.Errorf("drain again: %v", err)
		}
	})
}

// TestDrainForPatience checks that a drain waits for handlers that have all the time
// there is to stop.
func TestDrainForPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{AbandonGrace: math.MaxInt64}, tool("t", func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
			<-ctx.Done()
			time.Sleep(time.Minute)
			return nil, ctx.Err()
		}))
		ended := start(e, t.Context(), "t")
		synctest.Wait()
		var result *DrainError
		if err := e.Drain(within(t, time.Second)); !errors.As(err, &result) || *result != (DrainError{Cancelled: 1}) {
			t.Errorf("drain: %v", err)
		}
		wantKind(t, <-ended, KindShuttingDown, ErrShuttingDown)
	})
}

// TestDrainCountsOnce checks that a drain counts as cancelled only calls that were not
// answered yet.
func TestDrainCountsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, Options{Timeout: time.Hour}, tool("stuck", until(release), tools.Limits{Timeout: 1}), tool("obeys", obey))
		<-start(e, t.Context(), "stuck")
		call := start(e, t.Context(), "obeys")
		synctest.Wait()
		var result *DrainError
		if err := e.Drain(within(t, 0)); !errors.As(err, &result) || *result != (DrainError{Cancelled: 1, Abandoned: 1}) {
			t.Errorf("drain: %v", err)
		}
		<-call
		close(release)
		synctest.Wait()
	})
}

// TestDrainReachesThoseWhoWaited checks that a call can be cancelled while it runs also
// when it could be before while it waited.
func TestDrainReachesThoseWhoWaited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Concurrency: 1, Timeout: -1}, tool("quick", func(context.Context, *tools.Call) (*tools.Result, error) {
			time.Sleep(time.Second)
			return tools.TextResult(""), nil
		}), tool("obeys", obey))
		quick := start(e, t.Context(), "quick")
		synctest.Wait()
		waited := start(e, t.Context(), "obeys")
		<-quick
		synctest.Wait()
		_ = e.Drain(within(t, time.Second))
		wantKind(t, <-waited, KindShuttingDown, ErrShuttingDown)
	})
}

// TestDrainRaces has calls come and drains begin at once: each call is answered, and
// after the drain none is in flight.
func TestDrainRaces(t *testing.T) {
	t.Parallel()
	for range 50 {
		e := newEngine(t, Options{Concurrency: 2}, tool("t", echo))
		var done []<-chan error
		for range 10 {
			done = append(done, start(e, context.Background(), "t"))
		}
		drained := make(chan error, 2)
		for range 2 {
			go func() { drained <- e.Drain(context.Background()) }()
		}
		if err := errors.Join(<-drained, <-drained); err != nil {
			t.Error(err)
		}
		if n := len(e.InFlight()); n != 0 {
			t.Errorf("%d in flight after the drain", n)
		}
		for _, d := range done {
			if err := <-d; err != nil && !errors.Is(err, ErrShuttingDown) {
				t.Error(err)
			}
		}
	}
}

// TestBarrier checks that it waits for the calls of before, stuck ones too, and for no other.
func TestBarrier(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, Options{Concurrency: 2}, tool("t", until(release)), tool("late", sleeper(time.Hour)))
		if err := e.Barrier(t.Context()); err != nil {
			t.Errorf("of no call: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		running := start(e, ctx, "t")
		synctest.Wait()
		cancel()
		<-running // answered, and its handler goes on
		waiting := []<-chan error{start(e, t.Context(), "t"), start(e, t.Context(), "t")}
		synctest.Wait()
		passed := make(chan error, 1)
		go func() { passed <- e.Barrier(t.Context()) }()
		synctest.Wait()
		late, stop := context.WithCancel(t.Context())
		after := start(e, late, "late")
		if !errors.Is(e.Barrier(within(t, time.Second)), context.DeadlineExceeded) || len(passed) > 0 {
			t.Error("it does not wait")
		}
		close(release)
		if err := <-passed; err != nil || len(after) > 0 {
			t.Errorf("got %v", err)
		}
		for _, done := range waiting {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		stop()
		<-after
	})
}
