package upstream

import (
	"context"

	"github.com/sluice-dev/sluice/transport/mcp"
)

type listenParams struct {
	Meta   *requestMeta `json:"_meta"`
	Wanted struct {
		ToolsListChanged bool `json:"toolsListChanged"`
	} `json:"notifications"`
}

// Listen has a modern server tell when its tools change, which calls
// Options.OnToolsChanged, until ctx is done, the connection ends or the server ends the
// subscription (specification 2026-07-28, basic/patterns/subscriptions). Only the last
// is no error. To a legacy server, which tells unasked, and to one that has declared
// that it does not tell, nothing is sent: Listen waits.
func (c *Client) Listen(ctx context.Context) error {
	if !c.server.Modern || !c.server.tells {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-c.Done():
			return c.Err()
		}
	}
	p := c.newPending(CallOptions{})
	p.standing = true
	params := listenParams{Meta: c.meta(c.server.revision, p)}
	params.Wanted.ToolsListChanged = true
	_, err := c.roundTrip(ctx, p, mcp.MethodListen, params)
	return err
}
