package executor

import (
	"context"
	"errors"

	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/tools"
)

// errTryAgain says that a flight was refused for a reason that may be its leader's
// only.
var errTryAgain = errors.New("the call that led the flight was refused")

// A flight is one execution for all identical calls that wait for it at once. It runs
// the rest of the pipeline in a goroutine and under a context of its own, which has
// the values of the call that came first, its leader, but neither its deadline nor its
// end: a call that leaves costs the others nothing. The last to leave ends the
// flight, and waits for that as for a handler of its own.
//
// The leader stays in the ledger until the flight's handler has returned, even where
// it has left before: so what is in flight is always to be seen.
type flight struct {
	key    cacheKey
	leader *Execution
	x      *Execution // goes through the rest of the pipeline
	ctx    context.Context
	cancel context.CancelCauseFunc
	fan    fan

	waiting int // calls; guarded by cache.mu

	done    chan struct{} // closed behind the writes of what follows
	result  *tools.Result
	failure *Error
}

func newFlight(ctx context.Context, leader *Execution, key cacheKey) *flight {
	f := &flight{key: key, leader: leader, x: leader.fork(), done: make(chan struct{})}
	if deadline, ok := ctx.Deadline(); ok {
		f.x.until = &deadline
	}
	f.fan.x = f.x
	f.fan.add(ctx, leader) // before anything can be reported
	ctx, f.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	f.ctx = tools.WithReporter(ctx, &f.fan)
	return f
}

// outrankedBy reports whether the call would wait longer with the flight than on its
// own: it is of a higher class, or of another caller than one who has all its slots, and
// the flight still waits for its own.
func (f *flight) outrankedBy(x *Execution) bool {
	crowded := f.x.crowded.Load() && x.Call.Caller != f.leader.Call.Caller
	return (x.priority > f.leader.priority || crowded) && f.waits()
}

// waits reports whether the flight has not been given a slot; at its end, whether it
// was refused.
func (f *flight) waits() bool { return f.x.snapshot().Started.IsZero() }

func (f *flight) run(c *cache, rest Handler) {
	f.failure = f.x.fail(KindPanic, errGoexit) // stands unless rest returns
	defer func() {
		c.land(f)
		f.cancel(context.Canceled)
		f.x.AfterReturn(func(*Execution) { f.leader.handlerReturned() })
		close(f.done)
	}()
	result, err := rest(f.ctx, f.x)
	f.result, f.failure = f.x.coded(f.ctx, result, err)
}

// await returns what came of the flight, or why the call did not wait for that.
func (f *flight) await(ctx context.Context, c *cache, x *Execution) (*tools.Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	held := x.hold(cancelFunc(cancel))
	defer x.release(held, cancelFunc(cancel))
	f.fan.add(ctx, x)
	defer f.fan.remove(x)
	how := history.CacheMiss
	if f.leader != x {
		defer c.aside.leave(x)
		how = history.CacheCoalesced
		came := x.age()
		defer func() {
			now := x.age()
			x.note(func(r *Record) { r.Waits.Flight += now - came })
			x.waits.add(Wait{WaitCoalesce, x.born().Add(came), x.born().Add(now), f.leader.Call.Trace})
		}()
	}
	x.board(f, how)
	x.shelve() // the flight has its own
	defer x.unshelve()
	if !f.wait(ctx) {
		if !c.leave(f) {
			return nil, x.ended(ctx)
		}
		f.cancel(context.Cause(ctx))
		<-f.done
	}
	return f.outcome(ctx, x, how)
}

func (f *flight) wait(ctx context.Context) bool {
	select {
	case <-f.done:
		return true
	case <-ctx.Done():
		return false
	}
}

// outcome returns what the flight's end is to this call: its own refusal is not that
// of other callers, and what ended for want of waiters has ended as the last of them.
func (f *flight) outcome(ctx context.Context, x *Execution, how history.Cached) (*tools.Result, error) {
	switch {
	case f.failure == nil:
		return marked(f.result, how), nil
	case ctx.Err() != nil && f.failure.Kind == KindCancelled:
		return nil, x.ended(ctx)
	case ctx.Err() == nil && x != f.leader && f.refusedFor(x):
		x.board(nil, "")
		return nil, errTryAgain
	}
	return nil, x.adopt(f.failure, f.failure)
}

// refusedFor reports whether the flight was refused for what may not be so for this
// call: the deadline of its leader, or its leader being who it is. A call that has
// waited in the queue for as long as any may does not begin anew.
func (f *flight) refusedFor(x *Execution) bool {
	switch {
	case !f.waits(), errors.Is(f.failure, ErrQueueTimeout):
		return false
	case errors.Is(f.failure, ErrQueueDeadline), hurried(f.failure):
		return true
	}
	return x.Call.Caller != f.leader.Call.Caller
}

// board notes which flight the call waits for, if any, and what that makes of it.
func (x *Execution) board(f *flight, how history.Cached) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.flight, x.record.Cached = f, how
}

// complete adds to the record of a call what is known of its flight. What the flight
// has waited and used is its leader's: nobody else's call has cost it.
func (f *flight) complete(r *Record, x *Execution) {
	theirs := f.x.snapshot()
	if r.Started = theirs.Started; !r.Started.IsZero() && r.Started.Before(r.Queued) {
		r.Started = r.Queued
	}
	r.Abandoned = theirs.Abandoned
	if x == f.leader {
		own := r.Waits.Flight
		r.Waits = theirs.Waits
		r.CPU, r.PeakMemory, r.Sandbox = theirs.CPU, theirs.PeakMemory, theirs.Sandbox
		r.Waits.Flight = own
	}
}
