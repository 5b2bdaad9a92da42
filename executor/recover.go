package executor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/sluice-dev/sluice/tools"
)

// ErrPanic is wrapped by the error of a call whose handler, or a policy of the
// user's, panicked or ended its goroutine with runtime.Goexit; its kind is
// [KindPanic]. What it panicked with stands in the log and nowhere else; the stack stands
// in the audit log too.
var ErrPanic = errors.New("the tool panicked")

var errGoexit = fmt.Errorf("%w: it ended its goroutine", ErrPanic)

// recoverPanics turns a panic into an error of its own call. It cannot help with
// what Go lets nobody recover (a concurrent map write, an exhausted stack), nor
// with goroutines that a handler starts by itself.
func recoverPanics(log *slog.Logger) Policy {
	return func(next Handler) Handler {
		return func(ctx context.Context, x *Execution) (result *tools.Result, err error) {
			defer func() {
				if value := recover(); value != nil {
					x.logPanic(ctx, log, value)
					result, err = nil, x.fail(KindPanic, ErrPanic)
				}
			}()
			return next(ctx, x)
		}
	}
}

func (x *Execution) logPanic(ctx context.Context, log *slog.Logger, value any) {
	stack := string(debug.Stack())
	log.LogAttrs(ctx, slog.LevelError, "panic in a call",
		slog.String("id", x.Call.ID), slog.String("tool", x.Call.Tool),
		slog.String("value", panicText(value)), slog.String("stack", stack))
	x.audit.panicked(x, stack)
}

// panicText formats a panic's value, whose own methods may panic in their turn:
// fmt survives that.
func panicText(value any) string { return fmt.Sprint(value) }
