package executor

import (
	"context"

	"github.com/sluice-dev/sluice/tools"
)

// interrupt lets the engine cancel a call while it is in a policy of the user's. The
// engine's own policies that wait see to it themselves by hold; the pipeline has
// this one only where there are others.
func interrupt(next Handler) Handler {
	return func(ctx context.Context, x *Execution) (*tools.Result, error) {
		ctx, cancel := context.WithCancelCause(ctx)
		held := x.hold(cancelFunc(cancel))
		defer x.release(held, cancelFunc(cancel))
		result, err := next(ctx, x)
		if err != nil && ctx.Err() != nil && isContextError(err) {
			return nil, x.ended(ctx) // here the cause is known, and further out it is not
		}
		return result, err
	}
}

// A canceller is a part of a call that can be ended, with a cause.
type canceller interface{ cancel(cause error) }

type cancelFunc func(cause error)

func (f cancelFunc) cancel(cause error) { f(cause) }

// hold makes c what stop cancels, unless a policy further out has its own
// there, which then cancels this one too. It reports whether it did. A call that
// was stopped already is cancelled at once.
func (x *Execution) hold(c canceller) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.cancel != nil {
		return false
	}
	x.cancel = c
	if x.interrupt != nil {
		c.cancel(x.interrupt)
	}
	return true
}

// release ends what hold began and frees the context.
func (x *Execution) release(held bool, c canceller) {
	if held {
		x.mu.Lock()
		x.cancel = nil
		x.mu.Unlock()
	}
	c.cancel(context.Canceled)
}

// stop cancels the call with a cause, wherever it is. It reports whether this was
// the first stop of a call that has not been answered.
func (x *Execution) stop(cause error) bool {
	x.mu.Lock()
	first := x.interrupt == nil && !x.answered
	if first {
		x.interrupt = cause
	}
	cancel := x.cancel
	x.mu.Unlock()
	if first && cancel != nil {
		cancel.cancel(cause)
	}
	return first
}
