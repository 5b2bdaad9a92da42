package executor

import (
	"context"
	"slices"

	"github.com/sluice-dev/sluice/tools"
)

// A Handler does the rest of an execution.
type Handler func(ctx context.Context, x *Execution) (*tools.Result, error)

// A Policy adds one concern around the rest of an execution. It returns a Handler
// that calls next, or does not, which refuses the call. It may call next again, which
// repeats the call with a new wait for a slot and a new time limit, but never twice at
// once. Whatever the policy takes it gives back by [Execution.AfterReturn], deferred.
//
// An error that a policy returns reaches the caller as an [*Error]: one that it is
// already stays as it is, a [*tools.Error] becomes a result with IsError, anything
// else is an internal error. A policy that panics fails its own call only.
type Policy func(next Handler) Handler

// step is a policy with the name that stands in the documentation.
type step struct {
	name   string
	policy Policy
}

// pipeline returns the policies, the outermost first. Together they make
//
//	trace(record(recover(lookup(allow(authorize(validate(progress(interrupt(hooks(user(audit(
//		cache(rate(repeat(breaker(queue(audit(timeout(abandon(recover(size(output(invoke)))))))))))))))))))))))
//
// where user stands for [Options.Policies]. What is not configured is left out. The
// order is the contract:
//   - record is outside of all, so that a refused call leaves a record too; only trace is
//     further out, and tells a tracer what the record says;
//   - allow comes before everything that asks what the caller may use;
//   - authorize comes before validate, so that a forbidden tool shows no schema;
//   - validate comes before the queue, so that nonsense takes no slot;
//   - progress spans the user's policies, so that it grows over repeats as well;
//   - hooks are outside of the user's policies: they are called once for a call that
//     these repeat;
//   - audit stands where a call is allowed and where it is started, since with a log
//     that is required nothing of a call may happen before the first; record writes
//     how it ended;
//   - cache is outside of the queue: what is known already takes no slot. What is
//     inside of it runs once for all identical calls, on an execution of its own;
//   - rate is inside of the cache, so that what is known already costs no token, and
//     outside of all that may refuse the call, so that it takes back what this has cost;
//   - repeat is outside of the breaker, so that what it refuses takes no probe's place;
//   - breaker is outside of the queue, so that nobody waits there for a tool that fails;
//   - timeout is inside the queue: waiting does not use up the time to run;
//   - abandon is where the caller's goroutine waits for that of the handler, so recover
//     stands there once more. A [Job] has one goroutine for both: of the policies outside of
//     abandon, record, progress, repeat and breaker do something when a caller is answered,
//     and settle (leave.go) does it for them where the handler does not stop;
//   - size is outside of output, which sees the result whole;
//   - output is next to the handler: what does not fit its schema is a failure to
//     everything outside.
func (e *Engine) pipeline() []step {
	var steps []step
	if e.opts.Tracer != nil {
		steps = append(steps, step{"trace", trace(e.opts.Tracer)})
	}
	steps = append(steps, []step{
		{"record", e.recorder.policy},
		{"recover", recoverPanics(e.opts.Logger)},
		{"lookup", lookup(e.opts.Registry, e.stats)},
	}...)
	if e.opts.Allowance != nil {
		steps = append(steps, step{"allow", allow(e.opts.Allowance)})
	}
	if e.opts.Authorize != nil {
		steps = append(steps, step{"authorize", authorize(e.opts.Authorize)})
	}
	steps = append(steps,
		step{"validate", validate(e.invalid)},
		step{"progress", progress(&e.beats, e.opts.Logger)},
	)
	steps = append(steps, e.foreign()...)
	if e.audit != nil {
		steps = append(steps, step{"audit", e.audit.allow})
	}
	steps = append(steps,
		step{"cache", e.cache.policy},
		step{"rate", e.rates.policy},
		step{"repeat", e.repeat.policy},
		step{"breaker", e.trips.policy},
		step{"queue", e.queue.policy},
	)
	if e.audit != nil {
		steps = append(steps, step{"audit", e.audit.start})
	}
	return append(steps,
		step{"timeout", timeout(&e.alarms)},
		step{"abandon", abandon(e.workers, e.opts.AbandonGrace, e.opts.Logger)},
		step{"recover", recoverPanics(e.opts.Logger)},
		step{"size", limitResult},
		step{"output", checkOutput},
	)
}

// foreign returns the policies that run functions of the user's.
func (e *Engine) foreign() []step {
	var steps []step
	if e.hooks.configured() {
		steps = append(steps, step{"hooks", e.hooks.policy})
	}
	for _, policy := range e.opts.Policies {
		steps = append(steps, step{"user", policy})
	}
	if len(steps) > 0 {
		steps = slices.Insert(steps, 0, step{"interrupt", interrupt})
	}
	return steps
}

// invalid returns the error of a call whose arguments do not fit, which is that of rate or
// repeat where such calls have come too often.
func (e *Engine) invalid(x *Execution, failure *Error) *Error {
	if limited := e.rates.charge(x); limited != nil {
		return limited
	}
	return e.repeat.invalid(x, failure)
}

// chain wraps the innermost handler into the steps, the first outermost.
func chain(innermost Handler, steps []step) Handler {
	for i := len(steps) - 1; i >= 0; i-- {
		innermost = steps[i].policy(innermost)
	}
	return innermost
}
