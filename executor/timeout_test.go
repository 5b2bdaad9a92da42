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

// beats returns a handler that reports n times, every so often, and then obeys.
func beats(n int, every time.Duration, saw *error) handlerFunc {
	return func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
		for range n {
			select {
			case <-time.After(every):
				tools.Report(ctx, tools.Progress{Message: "beat"})
			case <-ctx.Done():
			}
		}
		<-ctx.Done()
		*saw = context.Cause(ctx)
		return nil, ctx.Err()
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for _, test := range []struct {
		name         string
		limit, idle  time.Duration // of the engine
		own          tools.Limits
		beats        int
		every, after time.Duration // when the call ends
		cause        error
	}{
		{"default", 0, 0, tools.Limits{}, 0, s, 30 * s, ErrTimeout},
		{"engine", 5 * s, 0, tools.Limits{}, 0, s, 5 * s, ErrTimeout},
		{"tool, shorter", 5 * s, 0, tools.Limits{Timeout: 2 * s}, 0, s, 2 * s, ErrTimeout},
		{"tool, longer", 5 * s, 0, tools.Limits{Timeout: 9 * s}, 0, s, 9 * s, ErrTimeout},
		{"progress does not extend the cap", 5 * s, 2 * s, tools.Limits{}, 100, s, 5 * s, ErrTimeout},
		{"idle", 60 * s, 2 * s, tools.Limits{}, 0, s, 2 * s, ErrIdleTimeout},
		{"idle, tool", 60 * s, 2 * s, tools.Limits{IdleTimeout: 3 * s}, 0, s, 3 * s, ErrIdleTimeout},
		{"progress resets idle", 60 * s, 2 * s, tools.Limits{}, 7, s, 9 * s, ErrIdleTimeout},
		{"progress too late", 60 * s, 2 * s, tools.Limits{}, 7, 3 * s, 2 * s, ErrIdleTimeout},
		{"idle without a cap", -1, 2 * s, tools.Limits{}, 100, s, 102 * s, ErrIdleTimeout},
		{"tool without idle", 50 * s, 2 * s, tools.Limits{IdleTimeout: -1}, 0, s, 50 * s, ErrTimeout},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var saw error
				e := newEngine(t, Options{Timeout: test.limit, IdleTimeout: test.idle},
					tool("t", beats(test.beats, test.every, &saw), test.own))
				begin := time.Now()
				_, err := e.Execute(t.Context(), &Request{Tool: "t"})
				wantKind(t, err, KindTimeout, test.cause)
				if took := time.Since(begin); took != test.after || saw != test.cause {
					t.Errorf("ended after %v with cause %v, want %v and %v", took, saw, test.after, test.cause)
				}
			})
		})
	}
}

// TestTimeoutStartsWithSlot checks that a wait in the queue does not count.
func TestTimeoutStartsWithSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Concurrency: 1, Timeout: 3 * time.Second, IdleTimeout: 3 * time.Second},
			tool("t", func(context.Context, *tools.Call) (*tools.Result, error) {
				time.Sleep(2 * time.Second)
				return tools.TextResult(""), nil
			}))
		first, second := start(e, t.Context(), "t"), start(e, t.Context(), "t")
		if err := errors.Join(<-first, <-second); err != nil {
			t.Error(err)
		}
	})
}

// TestTimeoutNone checks that a negative timeout is none.
func TestTimeoutNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Timeout: -1}, tool("t", func(context.Context, *tools.Call) (*tools.Result, error) {
			time.Sleep(1000 * time.Hour)
			return tools.TextResult(""), nil
		}))
		if err := <-start(e, t.Context(), "t"); err != nil {
			t.Error(err)
		}
	})
}

// TestTimeoutOfCaller checks that the caller's own deadline is a timeout too, and
// not one of the engine's.
func TestTimeoutOfCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{}, tool("t", obey))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := <-start(e, ctx, "t")
		wantKind(t, err, KindTimeout, context.DeadlineExceeded)
		if errors.Is(err, ErrTimeout) {
			t.Errorf("%v is laid on the engine", err)
		}
	})
}

// TestTimeoutMany checks that the one timer of the engine serves calls with many
// limits, each at its time, whatever order they came in.
func TestTimeoutMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limits := []time.Duration{7, 3, 9, 1, 4, 8, 2, 6, 5}
		var list []*tools.Tool
		for _, limit := range limits {
			list = append(list, tool("t"+limit.String(), obey, tools.Limits{Timeout: limit * time.Second}))
		}
		e := newEngine(t, Options{}, append(list, tool("quick", echo))...)
		begin := time.Now()
		for _, limit := range limits {
			go func() {
				_, err := e.Execute(t.Context(), &Request{Tool: "t" + limit.String()})
				if took := time.Since(begin); took != limit*time.Second || !errors.Is(err, ErrTimeout) {
					t.Errorf("limit %v s: %v after %v", int(limit), err, took)
				}
			}()
			if _, err := e.Execute(t.Context(), &Request{Tool: "quick"}); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
	})
}

// TestTimesWithoutEnd checks that the longest times there are do not turn into none.
func TestTimesWithoutEnd(t *testing.T) {
	t.Parallel()
	const forever = math.MaxInt64
	for name, opts := range map[string]Options{
		"timeout": {Timeout: forever}, "idle": {IdleTimeout: forever}, "queue": {QueueTimeout: forever},
		"rate": {Rate: tools.Rate{Count: 10, Burst: 1}, RateWait: forever}, "heartbeat": {Heartbeat: forever},
	} {
		synctest.Test(t, func(t *testing.T) {
			opts.Concurrency = 1
			e := newEngine(t, opts, tool("t", func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
				select {
				case <-time.After(time.Second):
					return tools.TextResult("slow"), nil
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}))
			time.Sleep(time.Second) // what is counted from the beginning is not counted from 0
			first := start(e, t.Context(), "t")
			time.Sleep(200 * time.Millisecond)
			second := start(e, t.Context(), "t")
			if err := errors.Join(<-first, <-second); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// BenchmarkReport is one report of progress to a call with an idle timeout whose
// caller asked for no progress.
func BenchmarkReport(b *testing.B) {
	e := newEngine(b, Options{IdleTimeout: time.Minute}, tool("t", func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
		for b.Loop() {
			tools.Report(ctx, tools.Progress{Done: 1})
		}
		return tools.TextResult(""), nil
	}))
	b.ReportAllocs()
	if _, err := e.Execute(context.Background(), &Request{Tool: "t"}); err != nil {
		b.Fatal(err)
	}
}

// TestTimeoutIsSaidOnce checks the reason of a handler that returns the cause of its
// context, as most do.
func TestTimeoutIsSaidOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{}, tool("t", func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}, tools.Limits{Timeout: time.Second}))
		_, err := e.Execute(t.Context(), &Request{Tool: "t"})
		wantKind(t, err, KindTimeout, ErrTimeout)
		if reason := records(e)[0].Reason; reason != ErrTimeout.Error() {
			t.Errorf("the reason is %q", reason)
		}
	})
}
