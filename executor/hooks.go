package executor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/sluice-dev/sluice/tools"
)

// ErrVetoed is wrapped by the error of a call that one of [Options].Before has
// refused, of kind [KindVetoed], together with what that function returned.
var ErrVetoed = errors.New("refused by a hook")

// hooks calls the functions of the user's before and after a call.
type hooks struct {
	before []func(context.Context, *Execution) error
	after  []func(context.Context, *Execution, *tools.Result, error) error
	log    *slog.Logger
	failed atomic.Uint64 // functions of after
}

func (h *hooks) configured() bool { return len(h.before)+len(h.after) > 0 }

// policy recovers panics of what is inside, so that they are seen after the call too.
func (h *hooks) policy(next Handler) Handler {
	inside := recoverPanics(h.log)(h.veto(next))
	return func(ctx context.Context, x *Execution) (*tools.Result, error) {
		result, err := inside(ctx, x)
		result, failure := x.coded(ctx, result, err)
		err = nil
		if failure != nil { // a nil *Error is not a nil error
			err = failure
		}
		for _, after := range h.after {
			h.tell(ctx, x, after, result, err)
		}
		return result, err
	}
}

// veto asks the functions that may refuse the call.
func (h *hooks) veto(next Handler) Handler {
	return func(ctx context.Context, x *Execution) (*tools.Result, error) {
		for _, before := range h.before {
			if err := before(ctx, x); err != nil {
				return nil, x.refuse(ctx, KindVetoed, ErrVetoed, err)
			}
		}
		return next(ctx, x)
	}
}

// tell calls one function with what came of the call, which is past changing.
func (h *hooks) tell(ctx context.Context, x *Execution, after func(context.Context, *Execution, *tools.Result, error) error, result *tools.Result, failure error) {
	defer func() {
		if value := recover(); value != nil {
			h.failed.Add(1)
			x.logPanic(ctx, h.log, fmt.Sprintf("after the call: %s", panicText(value)))
		}
	}()
	if err := after(ctx, x, result, failure); err != nil {
		h.failed.Add(1)
		h.log.WarnContext(ctx, "a hook failed after the call", "id", x.Call.ID, "tool", x.Call.Tool, "error", err)
	}
}
