package executor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// TestOverload has ten times more calls come than can be served, nine tenths of them of
// the classes that can wait, by callers who give up and by callers who come again when
// they are told to. All slots are used, interactive calls hardly notice, callers of a
// class are served alike, and who is refused is told when to come again.
func TestOverload(t *testing.T) {
	t.Parallel()
	for _, again := range []bool{false, true} {
		t.Run(fmt.Sprint("again ", again), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { newOverload(t, again).run(t) })
		})
	}
}

const (
	overloadSlots = 16
	overloadRun   = 100 * time.Millisecond
	overloadTime  = 10 * time.Second
)

type overload struct {
	engine *Engine
	again  bool
	calls  sync.WaitGroup

	mu       sync.Mutex // guards all below
	served   int        // until overloadTime
	answered map[string]int
	came     map[Priority]int
	waits    map[Priority][]time.Duration
}

func newOverload(t *testing.T, again bool) *overload {
	slow := func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
		select {
		case <-time.After(overloadRun):
			return tools.TextResult("done"), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return &overload{
		engine: newEngine(t, Options{Concurrency: overloadSlots, Queue: 256}, tool("t", slow)), again: again,
		answered: map[string]int{}, came: map[Priority]int{}, waits: map[Priority][]time.Duration{},
	}
}

func (o *overload) run(t *testing.T) {
	begin, random := time.Now(), rand.New(rand.NewPCG(1, 2))
	for time.Since(begin) < overloadTime {
		time.Sleep(overloadRun / overloadSlots / 10)
		p, caller := PriorityBatch, "greedy"
		switch n := random.IntN(100); {
		case n < 5:
			p, caller = PriorityInteractive, fmt.Sprint("person", n)
		case n < 40:
			p, caller = PriorityNormal, fmt.Sprint("agent", n%5)
		}
		o.came[p]++
		o.calls.Go(func() { o.call(t, begin, p, caller) })
	}
	o.calls.Wait()
	if most := int(overloadTime/overloadRun) * overloadSlots; o.served < most*9/10 {
		t.Errorf("%d of %d calls were served that could be", o.served, most)
	}
	people := o.waits[PriorityInteractive]
	slices.Sort(people)
	if p99 := people[len(people)*99/100]; p99 > 3*overloadRun || len(people) < o.came[PriorityInteractive]*99/100 {
		t.Errorf("%d of %d interactive calls were served, p99 %v", len(people), o.came[PriorityInteractive], p99)
	}
	for i := range 5 {
		if a, b := o.answered["agent0"], o.answered[fmt.Sprint("agent", i)]; b < a*9/10 || b > a*11/10 {
			t.Errorf("agents were not served alike: %v", o.answered)
		}
	}
	if o.answered["greedy"] == 0 {
		t.Error("no batch call was served")
	}
}

// call makes one call, or several where it is to come again.
func (o *overload) call(t *testing.T, begin time.Time, p Priority, caller string) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	came := time.Now()
	for {
		_, err := o.engine.Execute(ctx, &Request{Tool: "t", Caller: caller, Priority: p})
		if err == nil {
			o.note(begin, came, p, caller)
			return
		}
		failure := checkRefusal(t, err)
		if !o.again || ctx.Err() != nil {
			return
		}
		time.Sleep(failure.RetryAfter)
	}
}

// checkRefusal fails the test unless a call that was not served is told why and when to
// come again, but for one whose own time was over.
func checkRefusal(t *testing.T, err error) *Error {
	failure, coded := errors.AsType[*Error](err)
	if !coded {
		t.Errorf("%v (%T)", err, err)
		return &Error{}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return failure
	}
	why := errors.Is(err, ErrQueueFull) || errors.Is(err, ErrQueueDeadline)
	if failure.Kind != KindOverloaded || !why || failure.reason() == "" || failure.RetryAfter < minRetry ||
		!strings.Contains(failure.Public(), "Try again in "+wholeMillis(failure.RetryAfter).String()) {
		t.Errorf("%v, for the reason %q, in %v: %s", err, failure.reason(), failure.RetryAfter, failure.Public())
	}
	return failure
}

func (o *overload) note(begin, came time.Time, p Priority, caller string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if time.Since(begin) < overloadTime {
		o.served++
	}
	o.answered[caller]++
	o.waits[p] = append(o.waits[p], time.Since(came))
}
