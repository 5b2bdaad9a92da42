package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/sourcegraph/jsonrpc2"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// requestMeta is the _meta of a request (specification 2026-07-28, basic, "_meta").
type requestMeta struct {
	ProgressToken uint64              `json:"progressToken,omitzero"`
	Version       string              `json:"io.modelcontextprotocol/protocolVersion,omitzero"`
	ClientInfo    *mcp.Implementation `json:"io.modelcontextprotocol/clientInfo,omitzero"`
	Capabilities  *struct{}           `json:"io.modelcontextprotocol/clientCapabilities,omitzero"`
	LogLevel      tools.Level         `json:"io.modelcontextprotocol/logLevel,omitzero"`
	Priority      string              `json:"dev.sluice/priority,omitzero"`
	TraceParent   string              `json:"traceparent,omitzero"`
	TraceState    string              `json:"tracestate,omitzero"`
	Baggage       string              `json:"baggage,omitzero"`
}

// meta returns the _meta of a request of revision r, nil where there is nothing to
// say.
func (c *Client) meta(r *mcp.Revision, p *pending) *requestMeta {
	t := &p.opts.Trace
	m := &requestMeta{Priority: p.opts.Priority, TraceParent: t.Parent, TraceState: t.State, Baggage: t.Baggage}
	if p.opts.OnProgress != nil {
		m.ProgressToken = p.id
	}
	if r.Modern {
		m.Version = r.Version
		m.ClientInfo = &c.opts.Info
		m.Capabilities = &struct{}{}
		m.LogLevel = p.opts.LogLevel
	}
	if *m == (requestMeta{}) {
		return nil
	}
	return m
}

func (c *Client) newPending(opts CallOptions) *pending {
	return &pending{id: c.ids.Add(1), opts: opts}
}

// roundTrip sends a request and waits for its answer, until ctx is done: then the
// request is given up and the cause of ctx returned. Params must encode to JSON.
func (c *Client) roundTrip(ctx context.Context, p *pending, method string, params any) (json.RawMessage, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var err error
	if p.params, err = jsonv2.Marshal(params); err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	c.wire.calls.add(p)
	defer p.end()
	waiter, err := c.conn.DispatchCall(ctx, method, nil, jsonrpc2.PickID(jsonrpc2.ID{Num: p.id}))
	if err == nil {
		err = waiter.Wait(ctx, nil)
	}
	switch {
	case err == nil:
		return p.result, p.err
	case errors.Is(err, errForeseen):
		return nil, err
	case errors.Is(err, ctx.Err()):
		c.giveUp(ctx, p, method)
		return nil, context.Cause(ctx)
	}
	c.wire.calls.take(p.id)
	return nil, c.closed()
}

// giveUp forgets a request whose caller has left. The server is told, unless the
// request never left the outbox or was answered this moment.
func (c *Client) giveUp(ctx context.Context, p *pending, method string) {
	if c.wire.calls.take(p.id) == nil {
		return
	}
	if !c.wire.outbox.withdraw(p.id) && cancellable(method) {
		c.notifyCancelled(p.id, context.Cause(ctx))
	}
	c.wire.settle(p.id)
}

// cancellable reports whether a request may be followed by a cancellation:
// initialize must not be (specification 2025-11-25, basic/utilities/cancellation),
// and the probe may have gone to a server that knows neither.
func cancellable(method string) bool {
	return method != mcp.MethodInitialize && method != mcp.MethodDiscover
}

func (c *Client) notifyCancelled(id uint64, cause error) {
	params := struct {
		RequestID uint64 `json:"requestId"`
		Reason    string `json:"reason"`
	}{RequestID: id, Reason: "the caller cancelled"}
	// The text of an unknown cause is not the server's to read.
	if errors.Is(cause, context.DeadlineExceeded) {
		params.Reason = "the caller's deadline passed"
	}
	c.notify(mcp.NotificationCancelled, params)
}

// notify sends a notification. That the connection has ended is nobody's concern
// here: whoever waits for an answer learns it.
func (c *Client) notify(method string, params any) {
	if err := c.conn.Notify(context.Background(), method, params); err != nil {
		c.opts.Logger.Debug("a notification was not sent", "method", method, "error", err)
	}
}
