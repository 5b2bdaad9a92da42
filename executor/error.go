package executor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/tools"
)

// Kind says what became of a call that did not end with the handler's own result.
// Its text is stable: it stands in records, metrics and on the wire.
type Kind = history.Kind

// The kinds of failure, in the order of the pipeline.
const (
	KindShuttingDown     Kind = "shutting_down"
	KindMemoryPressure   Kind = "memory_pressure"
	KindUnknownTool      Kind = "unknown_tool"
	KindForbidden        Kind = "forbidden"
	KindInvalidArguments Kind = "invalid_arguments"
	KindVetoed           Kind = "vetoed"
	KindUnaudited        Kind = "unaudited"
	KindRateLimited      Kind = "rate_limited"
	KindRepeatedFailure  Kind = "repeated_failure"
	KindCircuitOpen      Kind = "circuit_open"
	KindOverloaded       Kind = "overloaded"
	KindTimeout          Kind = "timeout"
	KindCancelled        Kind = "cancelled"
	KindPanic            Kind = "panic"
	KindResultTooLarge   Kind = "result_too_large"
	KindInvalidOutput    Kind = "invalid_output"
	KindInternal         Kind = "internal"
)

// Error is the one error type of the engine. A policy of a user's may return one of
// its own; the engine fills in ID and Tool.
type Error struct {
	// Kind is the class of the failure.
	Kind Kind
	// ID names the call, as in its [Record] and in the log.
	ID string
	// Tool is the tool that was called.
	Tool string
	// RetryAfter is how long to wait before trying again; 0 where trying again is
	// of no use or the time is not known.
	RetryAfter time.Duration
	// Err is the cause; it may hold what a caller must not see: see [Error.Public].
	Err error
}

// Error names the tool, the kind and the cause. It is for logs.
func (e *Error) Error() string {
	return fmt.Sprintf("call %s: %s: %v", e.Tool, e.Kind, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// coded brings what a policy returned into the form that Execute promises.
func (x *Execution) coded(ctx context.Context, result *tools.Result, err error) (*tools.Result, *Error) {
	switch {
	case err != nil:
		return x.codedError(ctx, err)
	case result == nil:
		return nil, x.fail(KindInternal, errNoResult)
	}
	return result, nil
}

func (x *Execution) codedError(ctx context.Context, err error) (*tools.Result, *Error) {
	var failure *Error
	var own *tools.Error
	switch {
	case errors.As(err, &failure):
		return nil, x.adopt(failure, err)
	case ctx.Err() != nil && isContextError(err):
		return nil, x.ended(ctx)
	case errors.As(err, &own):
		return tools.ErrorResult(own.Message), nil
	}
	return nil, x.fail(KindInternal, err)
}

// refuse returns the error of a call that a function of the user's has refused. One
// that is coded stays as it is.
func (x *Execution) refuse(ctx context.Context, kind Kind, sentinel, err error) *Error {
	var failure *Error
	switch {
	case errors.As(err, &failure):
		return x.adopt(failure, err)
	case ctx.Err() != nil && isContextError(err):
		return x.ended(ctx)
	}
	return x.fail(kind, fmt.Errorf("%w: %w", sentinel, err))
}

// adopt completes an error that a policy of the user's made or wrapped.
func (x *Execution) adopt(failure *Error, err error) *Error {
	if failure == err && failure.ID == x.Call.ID && failure.Tool != "" {
		return failure
	}
	complete := *failure
	complete.ID, complete.Tool = x.Call.ID, x.Call.Tool
	if failure != err {
		complete.Err = err
	}
	return &complete
}

// ended returns the error of a call whose context is done, by the cause of that.
func (x *Execution) ended(ctx context.Context) *Error {
	return x.endedBy(ctx.Err(), context.Cause(ctx))
}

// endedBy returns the error of a call that was ended by a context's error and its cause,
// or would have been.
func (x *Execution) endedBy(err, cause error) *Error {
	switch {
	case errors.Is(cause, ErrShuttingDown):
		return x.shuttingDown()
	case errors.Is(cause, ErrTimeout), errors.Is(cause, ErrIdleTimeout):
		return x.fail(KindTimeout, cause)
	}
	if !errors.Is(cause, err) {
		cause = fmt.Errorf("%w: %w", err, cause)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return x.fail(KindTimeout, cause)
	}
	return x.fail(KindCancelled, cause)
}

// wholeMillis rounds up to what stands on the wire: who comes then does not come early.
func wholeMillis(d time.Duration) time.Duration {
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}

// maxReason bounds what a record takes over from a cause: a caller may have written
// it.
const maxReason = 200

// reason returns what a record says of a refused or stopped call. The causes of
// other failures are not for the records: they may hold secrets.
func (e *Error) reason() string {
	switch e.Kind {
	case KindInvalidArguments:
		return ErrInvalidArguments.Error()
	case KindPanic, KindInvalidOutput, KindInternal:
		return ""
	}
	if e.Err == nil {
		return ""
	}
	text := e.Err.Error()
	return strings.ToValidUTF8(text[:min(len(text), maxReason)], "")
}
