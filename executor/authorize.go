package executor

import (
	"context"
	"errors"
	"log/slog"

	"github.com/sluice-dev/sluice/tools"
)

// ErrForbidden is wrapped by the error of a call to a tool that its caller may not
// use, of kind [KindForbidden].
var ErrForbidden = errors.New("the caller may not use this tool")

// authorize refuses what the user's function does not allow. It stands outside of
// validate, so that a caller learns nothing of the schema of a forbidden tool.
func authorize(allow func(context.Context, string, *tools.Entry) error) Policy {
	return func(next Handler) Handler {
		return func(ctx context.Context, x *Execution) (*tools.Result, error) {
			if err := allow(ctx, x.Call.Caller, x.Entry); err != nil {
				return nil, x.refuse(ctx, KindForbidden, ErrForbidden, err)
			}
			return next(ctx, x)
		}
	}
}

// Allowed reports whether the caller may use the tool, as [Options].Authorize says
// it: a list for the caller shows no others. Where that panics, the answer is no.
func (e *Engine) Allowed(ctx context.Context, caller string, tool *tools.Entry) (allowed bool) {
	if e.opts.Authorize == nil {
		return true
	}
	defer func() {
		if value := recover(); value != nil {
			e.opts.Logger.LogAttrs(ctx, slog.LevelError, "panic in Authorize",
				slog.String("tool", tool.Name), slog.String("value", panicText(value)))
			allowed = false
		}
	}()
	return e.opts.Authorize(ctx, caller, tool) == nil
}
