package executor

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-dev/sluice/executor/audit"
	"github.com/sluice-dev/sluice/tools"
)

// ErrUnaudited is wrapped by the error of a call that was refused since the audit log
// could not be written, of kind [KindUnaudited]: see [Options].AuditRequired.
var ErrUnaudited = errors.New("the audit log cannot be written")

// auditPatience is how long a call waits for its line where that is required.
const auditPatience = 5 * time.Second

var errAuditHangs = fmt.Errorf("nothing was written within %v", auditPatience)

// refusers name the policy that refuses calls with a kind. The other kinds of the
// engine are of calls that came to their end, if a bad one; any further kind is of a
// policy of the user's.
var refusers = map[Kind]string{
	KindShuttingDown:     "drain",
	KindMemoryPressure:   "record",
	KindUnknownTool:      "lookup",
	KindForbidden:        "authorize",
	KindInvalidArguments: "validate",
	KindVetoed:           "hooks",
	KindUnaudited:        "audit",
	KindRateLimited:      "rate",
	KindRepeatedFailure:  "repeat",
	KindCircuitOpen:      "breaker",
	KindOverloaded:       "queue",
	KindTimeout:          "",
	KindCancelled:        "",
	KindPanic:            "",
	KindResultTooLarge:   "",
	KindInvalidOutput:    "",
	KindInternal:         "",
}

// refuser returns the name of the policy that refused the call; empty where none did.
func refuser(r *Record, failure *Error) string {
	switch {
	case r.Kind == "" || !r.Started.IsZero():
		return ""
	case failure == nil:
	case errors.Is(failure, ErrInFlightBytes): // which has the kind of what the queue refuses, as has
		return refusers[KindMemoryPressure]
	case errors.Is(failure, errFlightsFull):
		return "cache"
	}
	if policy, known := refusers[r.Kind]; known {
		return policy
	}
	return "user"
}

// auditor tells the audit log what becomes of calls.
type auditor struct {
	sink     audit.Sink
	required bool
}

// newAuditor returns nil where there is no log.
func newAuditor(opts Options) *auditor {
	if opts.Audit == nil {
		return nil
	}
	return &auditor{sink: opts.Audit, required: opts.AuditRequired}
}

// allow says that the call has passed all policies that look at who asks for what,
// once for a call that a policy repeats. Where the log is required the line is written
// when the call goes on.
func (a *auditor) allow(next Handler) Handler {
	return func(ctx context.Context, x *Execution) (*tools.Result, error) {
		if !x.allowed {
			if err := a.allowed(ctx, x); err != nil {
				return nil, err
			}
			x.allowed = true
		}
		return next(ctx, x)
	}
}

func (a *auditor) allowed(ctx context.Context, x *Execution) error {
	entry := x.decided(audit.EventAllowed)
	entry.Arguments = sha256.Sum256(x.Request.Arguments)
	if !a.required {
		a.sink.Append(entry)
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	held := x.hold(cancelFunc(cancel))
	defer x.release(held, cancelFunc(cancel))
	patient, stop := context.WithTimeoutCause(ctx, auditPatience, errAuditHangs)
	defer stop()
	err := a.sink.Commit(patient, entry)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return x.ended(ctx)
	}
	failure := x.fail(KindUnaudited, fmt.Errorf("%w: %w", ErrUnaudited, err))
	failure.RetryAfter = audit.RetryEvery
	return failure
}

// start says that the call has its slot.
func (a *auditor) start(next Handler) Handler {
	return func(ctx context.Context, x *Execution) (*tools.Result, error) {
		a.sink.Append(x.decided(audit.EventStarted))
		return next(ctx, x)
	}
}

// decided returns the entry of what has just been decided on the call.
func (x *Execution) decided(event audit.Event) audit.Entry {
	return audit.Entry{Time: x.born().Add(x.age()), Event: event, Call: x.snapshot()}
}

// ended says how the call ended. It does nothing where there is no log.
func (a *auditor) ended(x *Execution, r *Record, failure *Error) {
	if a == nil {
		return
	}
	entry := audit.Entry{Time: r.Finished, Event: audit.EventFinished, Call: *r, Policy: refuser(r, failure)}
	if entry.Policy != "" {
		entry.Event, entry.RetryAfter = audit.EventRefused, failure.RetryAfter
		entry.Arguments = sha256.Sum256(x.Request.Arguments)
	}
	a.sink.Append(entry)
}

// panicked keeps the stack of a panic. It does nothing where there is no log.
func (a *auditor) panicked(x *Execution, stack string) {
	if a == nil {
		return
	}
	entry := x.decided(audit.EventPanicked)
	entry.Stack = stack
	a.sink.Append(entry)
}
