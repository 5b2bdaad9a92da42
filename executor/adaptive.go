package executor

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// adaptive finds the cap of a tool that asks for it by tools.Limits.Adaptive. Of its
// moves these bounds hold:
//
//   - it knows the last 128 to 256 successful runs, and none older: after so many runs
//     nothing is left of what the tool was before;
//   - before the first 32 the cap is the ordinary one;
//   - a run that timed out at the cap doubles it. A crowd that ran under one cap counts
//     once, so a tool that became n times slower is cut off in log2(n) rounds at most
//     before it is let through, and never beyond the ceiling;
//   - each run that needed nothing of what was raised takes a sixteenth off it: so 11
//     undo a doubling, and a tool of which less than 1 call in 12 hangs for ever is not
//     carried to its ceiling by that, but cut off near the usual cap;
//   - while nothing changes, less than 1 in 50 runs is cut off that would have ended
//     below the ceiling, and 1 in 30 where the tail is so heavy (Pareto, shape 1/2)
//     that no cap fits it.
//
// Timeouts do not count as runs of the length at which they were cut: then more than 1
// hanging call in 100 would raise the cap to the ceiling for good.
type adaptive struct {
	mu     sync.Mutex // guards all below
	band   band
	window window
	p99    time.Duration
	raised time.Duration // the cap after timeouts; 0 where the runs decide
}

// minRuns is how many runs it takes before they decide.
const minRuns = 32

// band is where the cap may move, by the limits of the call that came last.
type band struct {
	ordinary, floor, ceiling time.Duration
	factor                   float64
}

func newBand(own *tools.Adaptive, ordinary time.Duration) band {
	if ordinary == 0 {
		ordinary = unlimited
	}
	b := band{ordinary: ordinary, floor: orDefault(own.Floor, time.Second), ceiling: own.Ceiling, factor: own.Factor}
	if b.ceiling <= 0 {
		b.ceiling = ordinary
	}
	if b.factor == 0 {
		b.factor = 3
	}
	b.factor = max(b.factor, 1)
	return b
}

// limit returns the cap for a call that starts now; 0 is none.
func (a *adaptive) limit(b band) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.band = b
	if limit := a.current(); limit < unlimited {
		return limit
	}
	return 0
}

// usual is the cap as the runs call for it.
func (a *adaptive) usual() time.Duration {
	if a.window.runs() < minRuns {
		return a.band.ordinary
	}
	return time.Duration(min(float64(a.p99)*a.band.factor, float64(unlimited)))
}

func (a *adaptive) current() time.Duration {
	return min(max(a.usual(), a.raised, a.band.floor), a.band.ceiling)
}

// succeeded learns from a run.
func (a *adaptive) succeeded(run time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if run <= a.usual() {
		a.raised -= a.raised / 16
	}
	a.window.add(run)
	a.p99 = a.window.quantile(0.99)
	if a.raised <= a.usual() {
		a.raised = 0
	}
}

// timedOut raises the cap after a run that was cut off at limit, unless that was done
// since the run began.
func (a *adaptive) timedOut(limit time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if limit >= a.current() {
		a.raised = min(2*limit, a.band.ceiling)
	}
}

// adapt puts the tool's own cap on the call, whose clock has the ordinary one, and has
// the tool's state learn from it.
func (x *Execution) adapt(next Handler) Handler {
	a := x.tool.adapts()
	x.clock.limit = a.limit(newBand(x.Entry.Limits.Adaptive, x.clock.limit))
	return func(ctx context.Context, x *Execution) (*tools.Result, error) {
		limit := x.clock.limit
		result, err := next(ctx, x)
		switch {
		case err == nil && result != nil && !result.IsError:
			a.succeeded(x.age() - x.clock.started)
		case errors.Is(context.Cause(ctx), ErrTimeout):
			a.timedOut(limit)
		}
		return result, err
	}
}

func (t *toolState) adapts() *adaptive {
	if a := t.adaptive.Load(); a != nil {
		return a
	}
	t.adaptive.CompareAndSwap(nil, &adaptive{})
	return t.adaptive.Load()
}

// AdaptiveTimeout is the state of the cap of a tool whose limits have it adapt.
type AdaptiveTimeout struct {
	// Cap is the hard cap that a call would get now; 0 is none.
	Cap time.Duration
	// P99 is what 99 in 100 of the recent successful runs did not exceed, Runs how
	// many these are. While they are less than 32 the cap is the ordinary one.
	P99  time.Duration
	Runs int
	// Raised says that timeouts have raised the cap above what the runs call for.
	Raised bool
}

// read returns the state, or nil where the tool has none.
func (a *adaptive) read() *AdaptiveTimeout {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r := &AdaptiveTimeout{P99: a.p99, Runs: a.window.runs(), Raised: a.raised > 0}
	if limit := a.current(); limit < unlimited {
		r.Cap = limit
	}
	return r
}
