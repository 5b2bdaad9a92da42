package executor

import (
	"context"

	"github.com/sluice-dev/sluice/tools"
)

// An Allowance is what one caller may use of the engine: see [Options].Allowance. The zero
// value bounds nothing.
type Allowance struct {
	// Priority is the highest class that the caller's calls may have; one that asks for a
	// higher has this. It is also that of [PriorityUsual]. Nil is any.
	Priority *Priority

	// Rate is how often the caller may call, whatever tools. Defaults to
	// [Options].CallerRate.
	Rate tools.Rate

	// Concurrency is how many calls of the caller run at once; others wait in the queue,
	// and hold up no other caller there. 0 is no limit of its own.
	Concurrency int

	// Queue is how many calls of the caller may wait for a slot; of more, one is refused:
	// the last of a lower class, or else the one that comes. 0 is no limit of its own; a
	// negative number means that none may wait.
	Queue int
}

// allow finds out what the caller may use. It comes before everything that asks.
func allow(allowance func(caller string) Allowance) Policy {
	return func(next Handler) Handler {
		return func(ctx context.Context, x *Execution) (*tools.Result, error) {
			x.allowance = allowance(x.Request.Caller)
			if class := x.allowance.class(x.Request.Priority); class != x.priority {
				x.priority = class
				x.note(func(r *Record) { r.Priority = class.String() })
			}
			return next(ctx, x)
		}
	}
}

// class returns the class of a call that asks for one.
func (a *Allowance) class(wanted Priority) Priority {
	switch {
	case a.Priority == nil && wanted == PriorityUsual:
		return PriorityNormal
	case a.Priority == nil:
		return wanted
	case wanted == PriorityUsual:
		return *a.Priority
	}
	return min(wanted, *a.Priority)
}
