package executor

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// Options configure an [Engine].
type Options struct {
	// Registry holds the tools. It is required.
	Registry *tools.Registry
	// Concurrency is how many calls run at once. Defaults to 64.
	Concurrency int
	// Queue is how many calls may wait for a slot. Defaults to 1024.
	Queue int
	// Timeout is the hard cap on a call's run. Defaults to 30 s.
	Timeout time.Duration
	// IdleTimeout is how long a call may run without progress. Defaults to none.
	IdleTimeout time.Duration
	// Logger takes the engine's log. Defaults to discarding it.
	Logger *slog.Logger
}

// A Request asks for one execution.
type Request struct {
	// Tool is the name of the tool.
	Tool string
	// Arguments is a JSON object; nil stands for an empty one.
	Arguments json.RawMessage
	// Caller and Transport say who calls, and through what.
	Caller, Transport string
	// OnProgress, where set, is given the progress of the call: strictly growing,
	// coalesced, never after Execute has returned, never from two goroutines at
	// once. It must not block.
	OnProgress func(tools.Progress)
	// OnLog, where set, is given the notes that the handler logs, under the same
	// rules.
	OnLog func(level tools.Level, data any)
}

// Engine runs calls.
type Engine struct{ opts Options }

// New returns an engine.
func New(opts Options) *Engine { return &Engine{opts: opts} }

// Execute runs one call. The error is always an [*Error].
func (e *Engine) Execute(ctx context.Context, req *Request) (*tools.Result, error) {
	entry, ok := e.opts.Registry.Snapshot().Lookup(req.Tool)
	if !ok {
		return nil, &Error{Kind: KindUnknownTool, Tool: req.Tool, Err: ErrUnknownTool}
	}
	return entry.Handler.Call(ctx, &tools.Call{Tool: req.Tool, Arguments: req.Arguments, Caller: req.Caller})
}

// Public returns a sentence for the caller, without anything secret.
func (e *Error) Public() string { return string(e.Kind) }
