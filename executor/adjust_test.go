package executor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// TestAdjustSlots checks that the sizes change while calls run and wait: those who wait have
// the new slots at once, and nobody is stopped for fewer.
func TestAdjustSlots(t *testing.T) {
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
			e.Adjust(Options{Concurrency: size.concurrency, Queue: size.queue})
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

// TestSlotsOfATool checks that those who wait for a tool have the slots that it was
// registered anew with, and end on the tool that they were called on.
func TestSlotsOfATool(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		old := tool("t", until(release))
		old.Limits.Concurrency = 1
		registry := &tools.Registry{}
		if err := registry.Add(old); err != nil {
			t.Fatal(err)
		}
		e := New(Options{Registry: registry})
		var done []<-chan error
		for range 5 {
			done = append(done, start(e, t.Context(), "t"))
		}
		synctest.Wait()
		for _, size := range []struct{ concurrency, running int }{{3, 3}, {2, 3}, {0, 5}} {
			next := tool("t", func(context.Context, *tools.Call) (*tools.Result, error) { panic("the new one is called") })
			next.Limits.Concurrency = size.concurrency
			if err := registry.Replace([]string{"t"}, next); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if q := e.Metrics().Queue; q.Running != size.running || q.Waiting != 5-size.running {
				t.Errorf("of %d slots: %d run, %d wait", size.concurrency, q.Running, q.Waiting)
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

// TestAdjustTimes checks that a call keeps the times and the size that it came with, and
// that the next one has the new.
func TestAdjustTimes(t *testing.T) {
	t.Parallel()
	large := func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
		select {
		case <-time.After(2 * time.Second):
			return tools.TextResult("0123456789"), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for name, test := range map[string]struct {
		before, after Options
		handler       handlerFunc
		first, second error // of a call before it and of one after it
	}{
		"timeout":      {Options{Timeout: 3 * time.Second}, Options{Timeout: time.Second}, large, nil, ErrTimeout},
		"longer":       {Options{Timeout: time.Second}, Options{Timeout: 3 * time.Second}, large, ErrTimeout, nil},
		"idle timeout": {Options{}, Options{IdleTimeout: time.Second}, large, nil, ErrIdleTimeout},
		"result":       {Options{ResultBytes: -1}, Options{ResultBytes: 9}, large, nil, ErrResultTooLarge},
		"queue timeout": {Options{Concurrency: 1, QueueTimeout: time.Second}, Options{Concurrency: 1, QueueTimeout: time.Minute},
			large, ErrQueueTimeout, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := newEngine(t, test.before, tool("t", test.handler), tool("busy", sleeper(time.Minute)))
				if test.before.Concurrency > 0 {
					ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
					defer cancel()
					busy := start(e, ctx, "busy")
					defer func() { <-busy }()
					synctest.Wait()
				}
				first := start(e, t.Context(), "t")
				synctest.Wait()
				e.Adjust(test.after)
				second := start(e, t.Context(), "t")
				if err := <-first; !errors.Is(err, test.first) {
					t.Errorf("a call before: %v, want %v", err, test.first)
				}
				if err := <-second; !errors.Is(err, test.second) {
					t.Errorf("a call after: %v, want %v", err, test.second)
				}
			})
		})
	}
}

// TestAdjustRates checks that limits on the rate come, change and go, that a bucket
// stays as full as it was, and that who waits has the new rate of the server at once.
func TestAdjustRates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hourly := func(n int) tools.Rate { return tools.Rate{Count: n, Per: time.Hour} }
		e := rated(t, Options{}, tools.Limits{})
		// passes is how many of so many calls are let through.
		passes := func(calls int) (n int) {
			for range calls {
				if callAs(e, "ada", "a") == nil {
					n++
				}
			}
			return n
		}
		for i, step := range []struct {
			opts Options
			want int
		}{
			{Options{Rate: hourly(4)}, 4},
			{Options{Rate: hourly(8)}, 0}, // an empty bucket does not fill by that
			{Options{}, 10},
			{Options{CallerRate: hourly(3)}, 3},
			{Options{CallerRate: hourly(30)}, 0},
			{Options{Rate: hourly(8), CallerRate: hourly(-1)}, 0},
			{Options{}, 10},
		} {
			if e.Adjust(step.opts); passes(10) != step.want {
				t.Errorf("step %d: another number than %d passes", i, step.want)
			}
		}
		e.Adjust(Options{Rate: hourly(1), RateWait: 2 * time.Hour})
		waiting := []<-chan error{start(e, t.Context(), "a"), start(e, t.Context(), "a")}
		synctest.Wait()
		began := time.Now()
		e.Adjust(Options{Rate: tools.Rate{Count: 1}})
		for _, done := range waiting {
			if err := <-done; err != nil || time.Since(began) > 3*time.Second {
				t.Errorf("after %v: %v", time.Since(began), err)
			}
		}
	})
}

// TestAdjustBreaker checks that a breaker stays in its state, and counts by the new rule.
func TestAdjustBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fails := true
		e := newEngine(t, Options{RepeatFailures: -1}, flaky(&fails, tools.Limits{}))
		for range 3 {
			<-start(e, t.Context(), "t")
		}
		e.Adjust(Options{RepeatFailures: -1, Breaker: tools.Breaker{Failures: 4, Open: 8 * time.Second}})
		<-start(e, t.Context(), "t") // the fourth
		wantKind(t, <-start(e, t.Context(), "t"), KindCircuitOpen, ErrCircuitOpen)
		e.Adjust(Options{RepeatFailures: -1})
		wantKind(t, <-start(e, t.Context(), "t"), KindCircuitOpen, ErrCircuitOpen)
		e.Adjust(Options{RepeatFailures: -1, Breaker: tools.Breaker{Off: true}})
		if err := <-start(e, t.Context(), "t"); errors.Is(err, ErrCircuitOpen) {
			t.Error("a breaker that is off refuses a call")
		}
		e.Adjust(Options{RepeatFailures: 2, Breaker: tools.Breaker{Off: true}})
		<-start(e, t.Context(), "t")
		<-start(e, t.Context(), "t")
		wantKind(t, <-start(e, t.Context(), "t"), KindRepeatedFailure, ErrRepeatedFailure)
	})
}

// TestAdjustHeartbeat checks that calls in flight keep to the new interval.
func TestAdjustHeartbeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Timeout: -1, Heartbeat: -1}, tool("t", sleeper(time.Minute)))
		told, done := heard(t, e, t.Context(), "t")
		time.Sleep(9 * time.Second)
		for _, every := range []time.Duration{5 * time.Second, 20 * time.Second, -1} {
			e.Adjust(Options{Timeout: -1, Heartbeat: every})
			time.Sleep(21 * time.Second)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		var times []string
		for _, what := range *told {
			at, _, _ := strings.Cut(what, ":")
			times = append(times, at)
		}
		if got := strings.Join(times, " "); got != "9 14 19 24 29 49 60" {
			t.Errorf("it was told something at %s", got)
		}
	})
}

// TestAdjustCache checks that the oldest results go where fewer are kept.
func TestAdjustCache(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Options{}, counting(tools.Limits{Cache: &tools.Cache{}}))
	fill := func() {
		for n := range 8 {
			ask(t, e, "ada", fmt.Sprintf(`{"n":%d}`, n))
		}
	}
	fill()
	for _, test := range []struct {
		opts Options
		kept int
	}{{Options{CacheEntries: 5}, 5}, {Options{CacheBytes: 2 * (entryOverhead + blockOverhead + 100)}, 2}, {Options{CacheEntries: -1}, 0}, {Options{}, 0}} {
		e.Adjust(test.opts)
		if m := e.Metrics(); m.CacheEntries != test.kept || (m.CacheBytes > 0) != (test.kept > 0) {
			t.Errorf("%+v: %d are kept, %d bytes", test.opts, m.CacheEntries, m.CacheBytes)
		}
	}
	if fill(); e.Metrics().CacheEntries != 8 {
		t.Errorf("then %d are kept", e.Metrics().CacheEntries)
	}
}

// TestAdjustInFlightBytes checks that the bytes in flight are bounded anew.
func TestAdjustInFlightBytes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, Options{}, tool("t", until(release)))
		call := func() <-chan answer { return send(t.Context(), e, Request{Arguments: []byte(`{"a":1}`)}) }
		list := []<-chan answer{call()}
		e.Adjust(Options{InFlightBytes: 8})
		wantKind(t, (<-call()).err, KindOverloaded, ErrInFlightBytes)
		e.Adjust(Options{})
		list = append(list, call())
		close(release)
		for _, done := range list {
			if a := <-done; a.err != nil {
				t.Error(a.err)
			}
		}
	})
}
