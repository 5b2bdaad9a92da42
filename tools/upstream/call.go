package upstream

import (
	"context"
	"encoding/json"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// CallOptions are what a caller of [Client.CallTool] may ask for beside the result.
// The callbacks run on the goroutine that reads the connection: they must not block.
// They run one at a time, and never after CallTool has returned.
type CallOptions struct {
	// OnProgress, where set, is given the progress of the call as the server sends
	// it; whether it grows is not checked.
	OnProgress func(tools.Progress)

	// OnLog, where set, is given the notes that the server sends while the call
	// runs. The protocol does not say what call a note belongs to, so with several
	// calls in flight each is given all.
	OnLog func(Note)

	// LogLevel is the least severe level of note that OnLog is given. Defaults to
	// info where OnLog is set. A legacy server keeps one level for the connection:
	// the least severe one that any call has asked for.
	LogLevel tools.Level

	// Trace is where the call stands in a distributed trace, which the server may go on
	// with. Defaults to none.
	Trace tools.Trace

	// Priority is the class in which a server that is a Sluice has the call wait:
	// interactive, normal or batch; others pass it over. Defaults to the server's.
	Priority string
}

// A Note is a log note of the server (specification 2026-07-28,
// server/utilities/logging).
type Note struct {
	Level  tools.Level
	Logger string          // what in the server the note is from; may be empty
	Data   json.RawMessage // any JSON value, often a string
}

type callParams struct {
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
	Meta      *requestMeta    `json:"_meta,omitempty"`
}

// CallTool calls a tool. Arguments is a JSON object; nil stands for an empty one.
// When ctx is done, the server is told to cancel the call, and CallTool returns the
// cause of ctx at once.
//
// That the tool failed is no error: see IsError of the result. The error is a
// [*WireError] with which the server refused the call, wraps [ErrUnread],
// [ErrProtocol] or [ErrClosed], or is the cause of ctx.
func (c *Client) CallTool(ctx context.Context, name string, arguments json.RawMessage, opts CallOptions) (*Result, error) {
	if opts.OnLog == nil {
		opts.LogLevel = ""
	} else if opts.LogLevel == "" {
		opts.LogLevel = tools.LevelInfo
	}
	if err := c.ensureLevel(ctx, opts.LogLevel); err != nil {
		return nil, err
	}
	if arguments == nil {
		arguments = json.RawMessage(`{}`)
	}
	p := c.newPending(opts)
	params := callParams{Name: name, Arguments: arguments, Meta: c.meta(c.server.revision, p)}
	raw, err := c.roundTrip(ctx, p, mcp.MethodCallTool, params)
	if err != nil {
		return nil, err
	}
	return decodeResult(raw)
}

// ensureLevel has a legacy server log at this level or below; a modern one is told
// with each request.
func (c *Client) ensureLevel(ctx context.Context, level tools.Level) error {
	if level == "" || c.server.Modern || !c.server.logs {
		return nil
	}
	var told tools.Level
	select {
	case told = <-c.level:
		defer func() { c.level <- told }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if told != "" && told.Severity() <= level.Severity() {
		return nil
	}
	params := struct {
		Level tools.Level `json:"level"`
	}{level}
	if _, err := c.roundTrip(ctx, c.newPending(CallOptions{}), mcp.MethodSetLevel, params); err != nil {
		return err
	}
	told = level
	return nil
}
