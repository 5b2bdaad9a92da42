package executor

import (
	"context"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// A Tracer follows calls in a distributed trace. Its methods, and those of what it
// returns, are safe for concurrent use and must not block.
type Tracer interface {
	// Start is told of a call before anything is done with it. The context that it
	// returns is what the call goes on with, its handler too.
	Start(ctx context.Context, id string, req *Request) (context.Context, CallTracer)
}

// A CallTracer follows one call.
type CallTracer interface {
	tools.Tracer
	// Trace is where the call stands, for what it calls in its turn.
	Trace() tools.Trace
	// End is told what became of the call when its caller is about to be answered, and
	// what it has waited for. Of an abandoned call spans may still come.
	End(r *Record, waits []Wait)
}

// What a call may have waited for.
const (
	WaitQueue    = "queue"    // a slot
	WaitRate     = "rate"     // a rate limit
	WaitCoalesce = "coalesce" // the result of an identical call
)

// A Wait is a time for which a call has waited.
type Wait struct {
	// For is what it waited for.
	For string
	// From and To are when that began and ended.
	From, To time.Time
	// Trace is where the identical call stands that it waited for; else zero.
	Trace tools.Trace
}

// trace has a tracer follow the call. It is outside of record, so that what the tracer is
// told in the end is all that is known.
func trace(tracer Tracer) Policy {
	return func(next Handler) Handler {
		return func(ctx context.Context, x *Execution) (*tools.Result, error) {
			ctx, call := tracer.Start(ctx, x.Call.ID, x.Request)
			x.Call.Trace, x.Call.Tracer, x.waits = call.Trace(), call, &waits{}
			defer func() {
				r := x.snapshot()
				call.End(&r, x.waits.all())
			}()
			return next(ctx, x)
		}
	}
}

// waits are what a traced call has waited for. Those of one that is not are nil, which
// takes note of nothing.
type waits struct {
	mu    sync.Mutex // guards list: a flight adds to that of its leader
	list  []Wait
	since time.Time // of the one that goes on; zero where none does
	what  string
}

// note takes note of what the call waits for from now on; of nothing where it goes on.
func (w *waits) note(what string, now time.Time) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.what != "" {
		w.list = append(w.list, Wait{For: w.what, From: w.since, To: now})
	}
	w.what, w.since = what, now
}

func (w *waits) add(one Wait) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, one)
}

func (w *waits) all() []Wait {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.list
}
