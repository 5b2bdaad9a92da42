package executor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

var errNoResult = fmt.Errorf("%w: neither a result nor an error", ErrInvalidOutput)

// invoke calls the tool's handler: the innermost of the pipeline. Where the handler
// returns both a result and an error, the error counts; where it returns neither,
// the call fails as invalid output.
func invoke(ctx context.Context, x *Execution) (*tools.Result, error) {
	result, err := x.Entry.Handler.Call(ctx, &x.Call)
	switch {
	case err != nil:
		return x.handlerFailed(ctx, err)
	case result == nil:
		return nil, x.fail(KindInvalidOutput, errNoResult)
	case result.IsError:
		x.unreachable.Store(false) // an attempt before may have set it
	}
	return result, nil
}

// handlerFailed makes of a handler's error what the caller is to see. An error
// after the end of the context is taken for its consequence, unless it is one that
// was written for the model and does not speak of the context.
func (x *Execution) handlerFailed(ctx context.Context, err error) (*tools.Result, error) {
	var own *tools.Error
	isOwn := errors.As(err, &own)
	if ctx.Err() != nil && (!isOwn || isContextError(err)) {
		ended := x.ended(ctx)
		if !errors.Is(ended.Err, err) { // most return the cause itself
			ended.Err = &lateError{ended.Err, err}
		}
		return nil, ended
	}
	if errors.Is(err, tools.ErrExhausted) {
		refused := x.fail(KindOverloaded, &lateError{tools.ErrExhausted, err})
		refused.RetryAfter = exhaustionRetry
		return nil, refused
	}
	if isOwn {
		x.unreachable.Store(errors.Is(err, tools.ErrUnreachable))
		return tools.ErrorResult(own.Message), nil
	}
	return nil, x.fail(KindInternal, err)
}

// exhaustionRetry is when to come back to a server that has run out of something: what
// other calls hold of it they mostly give back within seconds.
const exhaustionRetry = 2 * time.Second

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// A lateError is what a handler said beside why its call has ended. The
// former is to be found by errors.Is; it does not stand in the text, which goes into
// records: it may hold secrets, such as the URL of a request that did not end.
type lateError struct{ why, said error }

func (e *lateError) Error() string   { return e.why.Error() }
func (e *lateError) Unwrap() []error { return []error{e.why, e.said} }
