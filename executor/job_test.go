package executor

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/sluice-dev/sluice/tools"
)

// TestGo checks that a job ends as a call does that Execute runs, cancelled or not, and
// that it can be cancelled at any time.
func TestGo(t *testing.T) {
	t.Parallel()
	cause := errors.New("no longer wanted")
	for name, act := range map[string]func(*Job){
		"left alone":    func(*Job) {},
		"at once":       func(j *Job) { j.Cancel(cause) },
		"while it runs": func(j *Job) { synctest.Wait(); j.Cancel(cause); j.Cancel(errors.New("another")) },
	} {
		for _, concurrency := range []int{1, 2} { // with 1 it waits for a slot
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				e := newEngine(t, Options{Concurrency: concurrency}, tool("t", obey), tool("echo", echo), tool("until", until(release)))
				other := start(e, t.Context(), "until")
				synctest.Wait()
				name, tool := name, "t"
				if name == "left alone" {
					tool = "echo"
				}
				ended := make(chan error, 1)
				j := e.Go(t.Context(), &Request{Tool: tool}, func(_ *tools.Result, err error) { ended <- err })
				act(j)
				if name == "left alone" {
					close(release)
					if err := <-ended; err != nil {
						t.Errorf("%s: %v", name, err)
					}
				} else {
					wantKind(t, <-ended, KindCancelled, cause)
					close(release)
				}
				<-other
				j.Cancel(cause) // too late
			})
		}
	}
}

// TestGoEnds checks that a job ends of which a policy ends the goroutine.
func TestGoEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		exits := func(Handler) Handler {
			return func(context.Context, *Execution) (*tools.Result, error) {
				runtime.Goexit()
				return nil, nil
			}
		}
		e := newEngine(t, Options{Policies: []Policy{exits}}, tool("t", echo))
		var ended error
		e.Go(t.Context(), &Request{Tool: "t"}, func(_ *tools.Result, err error) { ended = err })
		synctest.Wait()
		wantKind(t, ended, KindPanic, ErrPanic)
	})
}

// TestQuiet checks that it waits for handlers whose callers were answered, too.
func TestQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, Options{}, tool("t", until(release)))
		if err := e.Quiet(t.Context()); err != nil {
			t.Errorf("at rest: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := start(e, ctx, "t")
		synctest.Wait()
		cancel()
		if err := <-done; err == nil {
			t.Error("the call has succeeded")
		}
		if err := e.Quiet(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("with an abandoned handler: %v", err)
		}
		quiet := make(chan error, 2)
		for range cap(quiet) {
			go func() { quiet <- e.Quiet(t.Context()) }()
		}
		synctest.Wait()
		if len(quiet) > 0 {
			t.Error("it did not wait for an abandoned handler")
		}
		close(release)
		for range cap(quiet) {
			if err := <-quiet; err != nil {
				t.Error(err)
			}
		}
	})
}
