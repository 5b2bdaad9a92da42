package executor

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// checkRates fails the test unless nobody waits for a token.
func checkRates(t testing.TB, r *rates) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.line.waiting != 0 || len(r.line.flows) != 0 || len(r.line.ready) != 0 || r.next != 0 {
		t.Errorf("rates: %d waiting, %d flows, %d buckets, timer at %v", r.line.waiting, len(r.line.flows), len(r.line.ready), r.next)
	}
	if r.timer != nil && r.timer.Stop() {
		t.Error("rates: the timer is left running")
	}
	for _, b := range append(r.callers.lru.Values(), &r.whole) {
		checkBucket(t, b)
	}
}

func checkBucket(t testing.TB, b *bucket) {
	t.Helper()
	if b.pinned != 0 || len(b.parked) != 0 || b.last != nil {
		t.Errorf("bucket %v: pinned %d, parked %d, a token not settled: %v", b.rate, b.pinned, len(b.parked), b.last != nil)
	}
}

// rated returns an engine with two tools that have these limits and answer at once.
func rated(t testing.TB, opts Options, limits tools.Limits) *Engine {
	t.Helper()
	return newEngine(t, opts, tool("a", echo, limits), tool("b", echo, limits))
}

func callAs(e *Engine, caller, name string) error {
	_, err := e.Execute(context.Background(), &Request{Tool: name, Caller: caller})
	return err
}

// TestRateLevels checks that each limit bites on those whom it is for, and on nobody
// else, and that what one limit refuses costs nothing at the others.
func TestRateLevels(t *testing.T) {
	t.Parallel()
	two := tools.Rate{Count: 2, Per: time.Minute}
	own := &Request{Tool: "a", Caller: "ada"}
	for _, test := range []struct {
		name    string
		opts    Options
		limits  tools.Limits
		refused [3]bool // a third call: by ada of a, by ada of b, by bob of a
		reason  string
	}{
		{"server", Options{Rate: two}, tools.Limits{}, [3]bool{true, true, true}, "rate limited: the server is allowed 2/m"},
		{"tool", Options{}, tools.Limits{Rate: two}, [3]bool{true, false, true}, "rate limited: the tool is allowed 2/m"},
		{"caller", Options{CallerRate: two}, tools.Limits{}, [3]bool{true, true, false}, "rate limited: a caller is allowed 2/m"},
		{"both", Options{}, tools.Limits{CallerRate: two}, [3]bool{true, false, false}, "rate limited: a caller of this tool is allowed 2/m"},
		{"none", Options{}, tools.Limits{}, [3]bool{}, ""},
		{"switched off", Options{Rate: tools.Rate{Count: -1}}, tools.Limits{Rate: tools.Rate{Count: -1}}, [3]bool{}, ""},
	} {
		for i, third := range []Request{{Tool: "a", Caller: "ada"}, {Tool: "b", Caller: "ada"}, {Tool: "a", Caller: "bob"}} {
			synctest.Test(t, func(t *testing.T) {
				e := rated(t, test.opts, test.limits)
				for range 2 {
					if err := callAs(e, "ada", "a"); err != nil {
						t.Fatalf("%s: %v", test.name, err)
					}
				}
				_, err := e.Execute(t.Context(), &third)
				if !test.refused[i] {
					if err != nil {
						t.Errorf("%s: %+v is refused: %v", test.name, third, err)
					}
					return
				}
				failure := wantKind(t, err, KindRateLimited, ErrRateLimited)
				if failure.RetryAfter != 30*time.Second || records(e)[2].Reason != test.reason {
					t.Errorf("%s: retry after %v, reason %q", test.name, failure.RetryAfter, records(e)[2].Reason)
				}
				time.Sleep(failure.RetryAfter - 1)
				wantKind(t, callAs(e, "ada", "a"), KindRateLimited, ErrRateLimited)
				time.Sleep(time.Nanosecond)
				if _, err := e.Execute(t.Context(), &third); err != nil {
					t.Errorf("%s: %v after the time it was told", test.name, err)
				}
			})
		}
	}
	allowance := func(string) Allowance { return Allowance{Rate: tools.Rate{Count: 3, Per: time.Minute}} }
	e := rated(t, Options{CallerRate: two, Allowance: allowance}, tools.Limits{})
	for i := range 4 {
		if _, err := e.Execute(t.Context(), own); (err != nil) != (i == 3) {
			t.Errorf("a caller with a rate of its own: call %d: %v", i, err)
		}
	}
}

// TestRateAllOrNone checks that a call which one limit refuses takes nothing of others.
func TestRateAllOrNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := rated(t, Options{Rate: tools.Rate{Count: 3, Per: time.Hour}, CallerRate: tools.Rate{Count: 1, Per: time.Hour}}, tools.Limits{})
		for range 10 {
			_ = callAs(e, "ada", "a")
		}
		for _, caller := range []string{"bob", "cid"} {
			if err := callAs(e, caller, "a"); err != nil {
				t.Errorf("%s: %v", caller, err)
			}
		}
		wantKind(t, callAs(e, "dan", "a"), KindRateLimited, ErrRateLimited)
	})
}

// TestRateCapacity checks that neither a pause nor a change of the tool lets more
// through than the bucket holds.
func TestRateCapacity(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := rated(t, Options{}, tools.Limits{Rate: tools.Rate{Count: 10, Burst: 3}})
		through := func() (n int) {
			for range 20 {
				if callAs(e, "ada", "a") == nil {
					n++
				}
			}
			return n
		}
		time.Sleep(1000 * time.Hour)
		if n := through(); n != 3 {
			t.Errorf("%d at once after a pause, want 3", n)
		}
		time.Sleep(200 * time.Millisecond)
		if n := through(); n != 2 {
			t.Errorf("%d after a fifth of a second, want 2", n)
		}
		for _, limits := range []tools.Limits{{Rate: tools.Rate{Count: 1000, Burst: 100}}, {Rate: tools.Rate{Count: 10, Burst: 3}}} {
			e.opts.Registry.Remove("a")
			_ = e.opts.Registry.Add(tool("a", echo, limits))
			if n := through(); n != 0 {
				t.Errorf("%d came through since the rate of an empty bucket changed", n)
			}
			time.Sleep(time.Second / time.Duration(limits.Rate.Count))
			if n := through(); n != 1 {
				t.Errorf("%d came through in the time of one at the new rate", n)
			}
		}
	})
}

// TestRateGivenBack checks that a call which never reached its tool has cost nothing,
// and one that did has.
func TestRateGivenBack(t *testing.T) {
	t.Parallel()
	refuse := func(Handler) Handler {
		return func(_ context.Context, x *Execution) (*tools.Result, error) {
			return nil, x.fail(KindOverloaded, ErrQueueFull)
		}
	}
	crash := func(Handler) Handler {
		return func(context.Context, *Execution) (*tools.Result, error) { panic("below") }
	}
	for _, test := range []struct {
		name  string
		below Policy
		free  bool
	}{{"refused", refuse, true}, {"panic", crash, true}, {"called", passOn, false}} {
		synctest.Test(t, func(t *testing.T) {
			e := rated(t, Options{Rate: tools.Rate{Count: 1, Per: time.Hour}}, tools.Limits{})
			started := func(next Handler) Handler {
				return func(ctx context.Context, x *Execution) (*tools.Result, error) {
					x.handlerStarts()
					defer x.handlerReturned()
					return next(ctx, x)
				}
			}
			run := chain(invoke, []step{
				{policy: recoverPanics(e.opts.Logger)}, {policy: lookup(e.opts.Registry, e.stats)},
				{policy: e.rates.policy}, {policy: test.below}, {policy: started},
			})
			_, _ = run(t.Context(), e.newExecution(&Request{Tool: "a"}))
			if err := callAs(e, "", "a"); (err == nil) != test.free {
				t.Errorf("%s: then %v", test.name, err)
			}
		})
	}
}

// TestRateInvalid checks that a flood of nonsense is limited by its caller's limits,
// and costs the server and the tool nothing.
func TestRateInvalid(t *testing.T) {
	t.Parallel()
	one := tools.Rate{Count: 1, Per: time.Hour}
	for _, test := range []struct {
		name   string
		opts   Options
		limits tools.Limits
		second Kind // of what becomes of a second invalid call
		target error
	}{
		{"caller", Options{CallerRate: one}, tools.Limits{}, KindRateLimited, ErrRateLimited},
		{"both", Options{}, tools.Limits{CallerRate: one}, KindRateLimited, ErrRateLimited},
		{"server and tool", Options{Rate: one}, tools.Limits{Rate: one}, KindInvalidArguments, ErrInvalidArguments},
	} {
		synctest.Test(t, func(t *testing.T) {
			e := rated(t, test.opts, test.limits)
			nonsense := Request{Tool: "a", Caller: "ada", Arguments: json.RawMessage(`[]`)}
			_, err := e.Execute(t.Context(), &nonsense)
			wantKind(t, err, KindInvalidArguments, ErrInvalidArguments)
			_, err = e.Execute(t.Context(), &nonsense)
			if failure := wantKind(t, err, test.second, test.target); (failure.RetryAfter == time.Hour) != (test.second == KindRateLimited) {
				t.Errorf("%s: retry after %v", test.name, failure.RetryAfter)
			}
			if err := callAs(e, "ada", "a"); (err == nil) != (test.second == KindInvalidArguments) {
				t.Errorf("%s: a good call: %v", test.name, err)
			}
			if err := callAs(e, "bob", "a"); (err == nil) != (test.second == KindRateLimited) {
				t.Errorf("%s: a good call of another caller: %v", test.name, err)
			}
		})
	}
}

// TestRateKeysBounded checks that to be forgotten is no way to more tokens: a caller that
// takes ever new names gets as many as the table is filled with.
func TestRateKeysBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := rated(t, Options{CallerRate: tools.Rate{Count: 2, Per: time.Hour}}, tools.Limits{})
		const size = 4
		e.rates.callers = newBucketTable(size)
		through := 0
		for range 10 {
			for name := range 3 * size {
				if callAs(e, fmt.Sprint(name), "a") == nil {
					through++
				}
			}
		}
		if through != 2*size || e.rates.callers.lru.Len() != size {
			t.Errorf("%d of 120 calls came through with %d keys kept", through, e.rates.callers.lru.Len())
		}
		time.Sleep(time.Hour)
		if err := callAs(e, "new", "a"); err != nil {
			t.Errorf("a newcomer after the buckets are full again: %v", err)
		}
	})
}

// TestBucketTable checks whose bucket a newcomer is given, and that what the one before
// has taken does not come back to it.
func TestBucketTable(t *testing.T) {
	t.Parallel()
	table := newBucketTable(2)
	waited, other := table.get(bucketKey{caller: "waits"}), table.get(bucketKey{caller: "other"})
	waited.pinned = 1
	var took token
	other.set(tools.Rate{Count: 1}, time.Hour)
	other.take(&took, time.Hour)
	if got := table.get(bucketKey{caller: "new"}); got != other {
		t.Error("the newcomer was not given the bucket that nobody waits for")
	}
	if took.giveBack(); other.pace.debt(time.Hour) != time.Second {
		t.Errorf("the newcomer's bucket lacks %v", other.pace.debt(time.Hour))
	}
	other.take(&took, time.Hour)
	other.set(tools.Rate{Count: 10}, time.Hour)
	if took.giveBack(); other.pace.debt(time.Hour) != 2*time.Second {
		t.Errorf("a bucket with a new rate lacks %v", other.pace.debt(time.Hour))
	}
	if table.get(bucketKey{caller: "waits"}) != waited {
		t.Error("a bucket that is waited for was given away")
	}
}

// TestRateAllocates is not parallel: it counts what everyone allocates.
func TestRateAllocates(t *testing.T) {
	run, x := rateAlone(t)
	if n := testing.AllocsPerRun(1000, func() { _, _ = run(t.Context(), x) }); n != 0 {
		t.Errorf("%v allocations a call", n)
	}
}

// rateAlone returns the policy alone with all limits on, and a call for it.
func rateAlone(t testing.TB) (Handler, *Execution) {
	often := tools.Rate{Count: 1e9}
	e := rated(t, Options{Rate: often, CallerRate: often}, tools.Limits{Rate: often, CallerRate: often})
	x := e.newExecution(&Request{Tool: "a", Caller: "ada"})
	x.Entry, _ = e.opts.Registry.Snapshot().Lookup("a")
	x.tool = e.stats.take("a")
	t.Cleanup(func() { giveBackTool(x) })
	return e.rates.policy(func(context.Context, *Execution) (*tools.Result, error) {
		x.starts++ // as abandon does: the tokens are spent
		return nil, nil
	}), x
}

func BenchmarkRate(b *testing.B) {
	run, x := rateAlone(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := run(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}
