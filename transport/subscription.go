package transport

import (
	"bytes"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/sourcegraph/jsonrpc2"

	"github.com/sluice-dev/sluice/transport/mcp"
)

// maxSubscriptions bounds the subscriptions of one connection.
const maxSubscriptions = 64

// A subscription is a subscriptions/listen request that stays open. Its fields are
// guarded by conn.mu.
type subscription struct {
	id           rawID
	toolsChanged bool   // the client wants notifications/tools/list_changed
	queued       ticket // the last of these
}

// listen opens a subscription (specification 2026-07-28,
// basic/patterns/subscriptions). The acknowledgement is queued under the lock under
// which notifications are, and so before the first of them.
func (c *conn) listen(r *request) *jsonrpc2.Error {
	var filter struct {
		ToolsListChanged bool `json:"toolsListChanged"`
	}
	wanted := r.params.get("notifications")
	if wanted.Kind() != '{' || jsonv2.Unmarshal(wanted, &filter) != nil {
		return invalidParams(`"notifications" must be an object that says which notifications are wanted`)
	}
	s := &subscription{id: bytes.Clone(r.id), toolsChanged: filter.ToolsListChanged}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ending:
		return rpcError(mcp.CodeOverloaded, "The server is shutting down")
	case len(c.subscriptions) >= maxSubscriptions:
		return rpcError(mcp.CodeOverloaded, "Too many subscriptions: a connection has %d at most", maxSubscriptions)
	}
	c.subscriptions[r.key] = s
	acknowledged := `,"notifications":{}}}`
	if s.toolsChanged {
		acknowledged = `,"notifications":{"toolsListChanged":true}}}`
	}
	c.send(append(appendSubscribed(nil, mcp.NotificationAcknowledged, s.id), acknowledged...))
	return nil
}

// appendSubscribed appends the beginning of a notification of a subscription, up to
// its _meta.
func appendSubscribed(dst []byte, method string, id rawID) []byte {
	dst = append(dst, `{"jsonrpc":"2.0","method":"`+method+`","params":{"_meta":{"`+mcp.MetaSubscriptionID+`":`...)
	return append(append(dst, id...), '}')
}

// toolsChanged tells the peer that the set of tools is another. A change behind one
// that the peer has not been sent yet is told with it.
func (c *conn) toolsChanged() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ready && !c.out.queued(c.changed) {
		c.changed = c.push([]byte(`{"jsonrpc":"2.0","method":"` + mcp.NotificationToolsListChanged + `"}`))
	}
	for _, s := range c.subscriptions {
		if s.toolsChanged && !c.out.queued(s.queued) {
			s.queued = c.push(append(appendSubscribed(nil, mcp.NotificationToolsListChanged, s.id), "}}"...))
		}
	}
}

// endSubscriptions ends all subscriptions from our side: with the response that
// ends one in good order, and with the cancellation that another page of the
// specification asks for.
func (c *conn) endSubscriptions() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ending = true
	for key, s := range c.subscriptions {
		delete(c.subscriptions, key)
		dst := append([]byte(`{"jsonrpc":"2.0","id":`), s.id...)
		dst = append(dst, `,"result":{"resultType":"complete","_meta":{"`+mcp.MetaSubscriptionID+`":`...)
		dst = append(append(dst, s.id...), ',')
		c.send(append(c.server.appendServerInfo(dst, mcp.Revision20260728), "}}}"...))
		dst = []byte(`{"jsonrpc":"2.0","method":"` + mcp.NotificationCancelled + `","params":{"requestId":`)
		c.send(append(append(dst, s.id...), `,"reason":"the server ended the subscription"}}`...))
	}
}
