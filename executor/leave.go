package executor

import (
	"context"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// The stages of a handler that the goroutine of its job runs.
const (
	stageNone     = iota
	stageRunning  // in the handler
	stageReturned // from it, before the goroutine was left
	stageLeft     // to the handler: the caller is answered, or about to be
)

// leaving is how a goroutine is left to a handler that does not stop.
type leaving struct {
	timer   *time.Timer   // fires when the grace is over
	settled chan struct{} // closed when the caller is answered
}

// leavable returns the context for the handler where the goroutine that runs the policies may
// run the handler too, and nil where it may not. It may where it is a job's: nobody waits for
// that, so it can be left to a handler that does not stop. The policies then stay below the
// handler on its stack, and end when it does: until then the slot, the tokens of rate limits
// and the alarm stay taken. What the policies do when a caller is answered settle does in
// their place, so it must know them all, and there may be none of the user's. Such a call is
// spared two changes between goroutines, which are half of what a short one costs.
func (x *Execution) leavable(ctx context.Context) *callContext {
	if x.job == nil || !x.job.engine.leaves || x.Entry.Limits.Adaptive != nil {
		return nil
	}
	c, ok := ctx.(*callContext)
	if !ok || c.Context.Done() != nil { // it could end without telling its watcher
		return nil
	}
	return c
}

// runHere runs the handler on this goroutine, unless its context has ended. Where the caller
// was answered meanwhile, nobody looks at what it returns.
func (x *Execution) runHere(c *callContext, next Handler) (result *tools.Result, err error) {
	x.handlerStarts() // before anybody may take it for stuck
	x.stage.Store(stageRunning)
	if !c.watch((*leaver)(x)) {
		x.stage.Store(stageNone)
		x.handlerDoesNotStart()
		return nil, x.ended(c)
	}
	ended := false
	defer func() {
		c.ignore()
		if ended {
			if x.leaveNot(stageReturned) {
				x.over = x.age()
			}
		} else { // recover stands inside of this, so it was runtime.Goexit
			x.logPanic(c, x.job.engine.opts.Logger, errGoexit)
			if x.leaveNot(stageLeft) {
				x.job.engine.settle(x, x.fail(KindPanic, errGoexit))
			}
		}
		x.handlerReturned()
	}()
	result, err = next(c, x)
	ended = true
	return result, err
}

// leaveNot ends the stage in which the goroutine may be left to the handler. Where that has
// happened already, it returns false, once the caller is answered.
func (x *Execution) leaveNot(stage int32) bool {
	if x.stage.CompareAndSwap(stageRunning, stage) {
		if x.leaving != nil {
			x.leaving.timer.Stop()
		}
		return true
	}
	<-x.leaving.settled
	return false
}

// left reports whether the caller was answered by settle: policies on the stack of the
// handler then only give back what they have taken.
func (x *Execution) left() bool { return x.stage.Load() == stageLeft }

// A leaver is an execution to which its context says that it was cancelled.
type leaver Execution

func (l *leaver) contextCancelled() {
	x := (*Execution)(l)
	x.leaving = &leaving{settled: make(chan struct{})}
	x.leaving.timer = time.AfterFunc(x.job.engine.opts.AbandonGrace, x.leave)
}

// leave answers the caller, unless the handler has returned.
func (x *Execution) leave() {
	if !x.stage.CompareAndSwap(stageRunning, stageLeft) {
		return
	}
	defer close(x.leaving.settled)
	c, e := &x.context, x.job.engine
	x.giveUp(c, e.opts.Logger)
	e.settle(x, x.ended(c))
}

// settle does what the policies outside of a handler do when its caller is answered, the
// innermost first.
func (e *Engine) settle(x *Execution, failure *Error) {
	ctx := x.job.ctx
	if x.breaks {
		e.trips.settle(ctx, x, x.passed, e.trips.verdict(x, nil, failure))
	}
	if x.repeats {
		e.repeat.failure(x, nil, failure)
	}
	if x.gate != nil {
		x.gate.shut()
	}
	e.recorder.settle(ctx, x, failure)
	x.job.done(nil, failure)
}
