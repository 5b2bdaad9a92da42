package executor

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// attempt is one run of a handler in a goroutine of its own, which writes result
// and err and then says returned. One that was waited for to its end serves again.
type attempt struct {
	ctx  context.Context
	x    *Execution
	next Handler
	log  *slog.Logger

	news   chan bool // a true when it has returned, a false when its context was cancelled
	result *tools.Result
	err    error
}

// abandon runs the rest of the execution in a goroutine of its own, so that the
// caller of a handler that ignores its context can be answered: it is, a grace
// after the context was done. The handler goes on, and with it whatever waits for
// [Execution.AfterReturn]. One that returns within the grace has its own result
// count. A call that has a goroutine to itself needs no other: see [Execution.leavable].
func abandon(workers *workers, grace time.Duration, log *slog.Logger) Policy {
	spare := &sync.Pool{New: func() any { return &attempt{news: make(chan bool, 2)} }}
	return func(next Handler) Handler {
		return func(ctx context.Context, x *Execution) (*tools.Result, error) {
			if c := x.leavable(ctx); c != nil {
				return x.runHere(c, next)
			}
			if ctx.Err() != nil { // do not begin what nobody waits for
				return nil, x.ended(ctx)
			}
			a := spare.Get().(*attempt)
			a.ctx, a.x, a.next, a.log = ctx, x, next, log
			x.handlerStarts()
			workers.start(a)
			if a.wait(ctx, grace) {
				result, err := a.result, a.err
				*a = attempt{news: a.news}
				spare.Put(a)
				return result, err
			}
			x.giveUp(ctx, log)
			return nil, x.ended(ctx)
		}
	}
}

func (a *attempt) run() {
	ended := false
	defer func() {
		if !ended { // recover stands inside of this, so it was runtime.Goexit
			a.x.logPanic(a.ctx, a.log, errGoexit)
			a.err = a.x.fail(KindPanic, errGoexit)
		}
		a.x.handlerReturned()
		a.news <- true
	}()
	a.result, a.err = a.next(a.ctx, a.x)
	ended = true
}

// wait reports whether the handler returned before it is to be abandoned.
func (a *attempt) wait(ctx context.Context, grace time.Duration) bool {
	over := a.listen(ctx)
	defer a.ignore(ctx)
	if over == nil { // only the engine ends it: this costs 0.1 us less
		return <-a.news || a.waitOn(grace)
	}
	select {
	case returned := <-a.news:
		return returned || a.waitOn(grace)
	case <-over:
		return a.waitOn(grace)
	}
}

// waitOn waits for the handler whose context is done.
func (a *attempt) waitOn(grace time.Duration) bool {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	for {
		select {
		case returned := <-a.news:
			if returned {
				return true
			}
		case <-timer.C:
			return false
		}
	}
}

func (a *attempt) contextCancelled() { a.news <- false }

// listen returns what is closed at the end of the context, unless a.news says it.
func (a *attempt) listen(ctx context.Context) <-chan struct{} {
	c, ok := ctx.(*callContext)
	if !ok {
		return ctx.Done()
	}
	if !c.watch(a) {
		a.contextCancelled()
	}
	return c.Context.Done()
}

// ignore ends what listen began. What is left of it does not reach the next call.
func (a *attempt) ignore(ctx context.Context) {
	if c, ok := ctx.(*callContext); ok {
		c.ignore()
		select {
		case <-a.news:
		default:
		}
	}
}

// giveUp counts and shows the handler as abandoned until it returns.
func (x *Execution) giveUp(ctx context.Context, log *slog.Logger) {
	x.note(func(r *Record) { r.Abandoned = true })
	who := []any{"id", x.Call.ID, "tool", x.Call.Tool}
	log.WarnContext(ctx, "answered without a handler that has not stopped in time", append(who, "cause", context.Cause(ctx))...)
	since := time.Now()
	if x.tool != nil {
		x.tool.abandoned.Add(1)
	}
	x.AfterReturn(func(x *Execution) {
		if x.tool != nil {
			x.tool.abandoned.Add(-1)
		}
		log.InfoContext(ctx, "a handler that was answered without has returned", append(who, "after", time.Since(since))...)
	})
}
