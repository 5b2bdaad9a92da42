package executor

import (
	"context"
	"errors"

	"github.com/sluice-dev/sluice/tools"
)

// ErrNotSubmitted says that no call of this id was submitted, or that its result is no
// longer kept.
var ErrNotSubmitted = errors.New("no submitted call of this id is kept")

// ErrCancelled is the cause of the cancellation by [Engine.Cancel].
var ErrCancelled = errors.New("the submitted call was cancelled")

// Submit starts one call and returns its id without waiting for its end: [Engine.Wait]
// gives its result, [Engine.Cancel] cancels it. The call has the values of ctx, but
// neither its deadline nor its end. It passes the pipeline like any other: it may be
// refused, which Wait tells, and Drain waits for it. Once the engine drains, Submit
// returns an [*Error] of kind [KindShuttingDown] and starts nothing.
//
// The id is that of the record. It is hard to guess, but whoever has it is given the
// result: to ask who asks is up to the user of the engine.
func (e *Engine) Submit(ctx context.Context, req *Request) (id string, err error) {
	x := e.newExecution(req)
	if e.Draining() {
		_, err := e.run(ctx, x) // which refuses and records it
		return "", err
	}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	s := &submission{id: x.Call.ID, cancel: cancel, ended: make(chan struct{})}
	e.submissions.begin(s)
	go e.runSubmitted(ctx, x, s)
	return s.id, nil
}

func (e *Engine) runSubmitted(ctx context.Context, x *Execution, s *submission) {
	defer e.submissions.end(s)
	s.err = x.fail(KindPanic, errGoexit) // stands unless run returns
	s.result, s.err = e.run(ctx, x)
}

// Wait returns, as [Engine.Execute] does, the result of a submitted call when it has ended, at
// once where it has. When ctx is done before, the error is the cause of that and the
// call goes on: with a context that is done Wait only asks. Results are kept within the
// bounds of [Options.Submitted]; the error is [ErrNotSubmitted] where there is none. Whoever
// asks is given the same result, which must not be changed.
func (e *Engine) Wait(ctx context.Context, id string) (*tools.Result, error) {
	s := e.submissions.find(id)
	if s == nil {
		return nil, ErrNotSubmitted
	}
	select {
	case <-s.ended: // rather than the context, where both are
		return s.result, s.err
	default:
	}
	select {
	case <-s.ended:
		return s.result, s.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Cancel cancels a submitted call, with [ErrCancelled] as the cause, and does not wait
// for its end. It does nothing where the call has ended. The error is [ErrNotSubmitted]
// where there is no such call.
func (e *Engine) Cancel(id string) error {
	if !e.submissions.cancel(id, ErrCancelled) {
		return ErrNotSubmitted
	}
	return nil
}
