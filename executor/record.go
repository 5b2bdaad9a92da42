package executor

import (
	"context"
	"log/slog"

	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/tools"
)

// A Record is what is kept of one call: see [history.Record].
type Record = history.Record

// policy keeps the books: the call is in flight from here on until its handler
// has returned, and leaves a record, whatever becomes of it. It makes every error
// an [*Error], and refuses the calls that may not come in: see [ledger.admit].
func (r *recorder) policy(next Handler) Handler {
	return func(ctx context.Context, x *Execution) (*tools.Result, error) {
		result, failure := r.run(ctx, x, next)
		if failure != nil {
			return nil, failure
		}
		return result, nil
	}
}

type recorder struct {
	books   *ledger
	pressed func() bool // nil is never
	stats   *statistics
	store   history.Store
	log     *slog.Logger
	leave   func(*Execution) // books.leave, bound once and not for each call
}

func (r *recorder) run(ctx context.Context, x *Execution, next Handler) (result *tools.Result, failure *Error) {
	if why := r.books.enter(x, r.pressed != nil && r.pressed()); why != admitted {
		failure = x.notAdmitted(why)
		r.end(x, nil, failure)
		return nil, failure
	}
	defer func() {
		switch {
		case x.left():
			r.books.leave(x)
			return
		case x.stuck():
			r.end(x, result, failure)
			x.AfterReturn(r.leave)
			r.books.answer()
		default:
			r.end(x, result, failure)
			r.books.close(x)
		}
	}()
	var err error
	result, err = next(ctx, x)
	if x.left() {
		return nil, nil
	}
	result, failure = x.coded(ctx, result, err)
	if failure != nil {
		x.logFailure(ctx, r.log, failure)
	}
	return result, failure
}

// settle ends a call whose handler goes on: it leaves the books when that returns.
func (r *recorder) settle(ctx context.Context, x *Execution, failure *Error) {
	x.logFailure(ctx, r.log, failure)
	r.end(x, nil, failure)
	r.books.answer()
}

// end leaves the record and the last line of the audit log.
func (r *recorder) end(x *Execution, result *tools.Result, failure *Error) {
	record := x.finish(r.stats, result, failure)
	r.store.Append(record, x.Request.Arguments)
	x.audit.ended(x, &record, failure)
}

// finish completes the record, counts it and returns it.
func (x *Execution) finish(stats *statistics, result *tools.Result, failure *Error) Record {
	now := x.born().Add(x.end())
	x.mu.Lock()
	defer x.mu.Unlock()
	r := &x.record
	r.Finished = now
	switch {
	case failure != nil:
		r.Outcome, r.Kind, r.Reason = history.OutcomeFailed, failure.Kind, failure.reason()
	case result == nil: // a policy of the user's has ended the goroutine
		r.Outcome, r.Kind = history.OutcomeFailed, KindPanic
	case result.IsError:
		r.Outcome, r.BytesOut = history.OutcomeToolError, size(result)
	default:
		r.Outcome, r.BytesOut = history.OutcomeOK, size(result)
	}
	x.answered = true
	complete := x.complete()
	stats.count(x.tool, &complete)
	return complete
}

// logFailure logs what the caller is not told. A panic was logged where it was
// recovered, with its stack.
func (x *Execution) logFailure(ctx context.Context, log *slog.Logger, failure *Error) {
	if failure.Kind == KindInternal || failure.Kind == KindInvalidOutput {
		log.ErrorContext(ctx, "a call failed", "id", x.Call.ID, "tool", x.Call.Tool,
			"kind", failure.Kind, "error", failure.Err)
	}
}
