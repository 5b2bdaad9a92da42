package executor

import (
	"context"
	"errors"

	"github.com/sluice-dev/sluice/tools"
)

// ErrUnknownTool is wrapped by the error of a call to a tool that is not
// registered, of kind [KindUnknownTool].
var ErrUnknownTool = errors.New("unknown tool")

// lookup finds the tool. The call keeps the version it finds, whatever becomes of
// the registry meanwhile.
func lookup(registry *tools.Registry, stats *statistics) Policy {
	return func(next Handler) Handler {
		return func(ctx context.Context, x *Execution) (*tools.Result, error) {
			entry, ok := registry.Snapshot().Lookup(x.Call.Tool)
			if !ok {
				return nil, x.fail(KindUnknownTool, ErrUnknownTool)
			}
			x.Entry, x.tool = entry, stats.take(entry.Name)
			defer x.AfterReturn(giveBackTool)
			return next(ctx, x)
		}
	}
}

func giveBackTool(x *Execution) { x.tool.users.Add(-1) }
