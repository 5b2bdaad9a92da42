package transport

import (
	"github.com/sourcegraph/jsonrpc2"

	"github.com/sluice-dev/sluice/transport/mcp"
)

// A method is how one kind of request is served. It runs on the reader goroutine and
// must not block: calls leave it for a goroutine of their own, or wait for the burst.
type method struct {
	// modern and legacy say in which eras the method exists.
	modern, legacy bool
	// early says that it is served before the handshake of a legacy connection.
	early bool
	// alone says that it may not be part of a batch, whose answers leave together: a
	// subscription, which is answered when it ends, would hold back all the others.
	alone bool
	// serve answers the request, now or later, or returns the fault to answer with.
	serve func(*conn, *request) *jsonrpc2.Error
}

var methods map[string]method

func init() { // in init, since the functions refer back to the table
	methods = map[string]method{
		mcp.MethodInitialize: {legacy: true, early: true, alone: true, serve: (*conn).initialize},
		mcp.MethodPing:       {legacy: true, early: true, serve: (*conn).ping},
		mcp.MethodSetLevel:   {legacy: true, serve: (*conn).setLevel},
		mcp.MethodDiscover:   {modern: true, serve: (*conn).discover},
		mcp.MethodListen:     {modern: true, alone: true, serve: (*conn).listen},
		mcp.MethodListTools:  {modern: true, legacy: true, serve: (*conn).listTools},
		mcp.MethodCallTool:   {modern: true, legacy: true, serve: (*conn).callTool},
	}
}

// receive takes one message off the stream.
func (c *conn) receive(data []byte) {
	if isBatch(data) {
		c.receiveBatch(data)
		return
	}
	m, fault := decode(data)
	m.size = len(data)
	c.take(m, fault, nil)
}

// take serves one message, alone or out of a batch.
func (c *conn) take(m *message, fault *jsonrpc2.Error, b *batch) {
	r := &request{message: m, batch: b}
	switch {
	case fault != nil && m.method != "" && m.id == nil:
		c.log().Debug("malformed notification", "method", clip(m.method), "error", fault.Message)
		b.settle()
	case fault != nil:
		c.refuse(r, fault)
	case m.response:
		c.log().Debug("response to no request of ours")
	case m.id == nil:
		c.notified(m)
	default:
		if fault := c.dispatch(r); fault != nil {
			c.refuse(r, fault)
		}
	}
}

// dispatch finds out what is asked for and serves it.
func (c *conn) dispatch(r *request) *jsonrpc2.Error {
	r.key = r.id.key()
	if c.inFlight(r.key) {
		return invalidRequest("a request with this id is in flight")
	}
	m, known := methods[r.method]
	switch {
	case m.alone && r.batch != nil:
		return invalidRequest("%q must not be part of a batch", r.method)
	case r.batch.full():
		return rpcError(mcp.CodeOverloaded, "The answers to this batch are too long: ask for less at once")
	}
	if fault := c.understand(r); fault != nil {
		return fault
	}
	modern := r.modern()
	switch {
	case !known, modern && !m.modern:
		return rpcError(mcp.CodeMethodNotFound, "Method not found: %s", clip(r.method))
	case modern:
	case !m.legacy:
		return missingMeta(r.meta)
	case r.revision == nil && !m.early:
		fault := missingMeta(r.meta)
		fault.Message += ` (or, before revision 2026-07-28, begin with "initialize")`
		return fault
	}
	return m.serve(c, r)
}

// notified takes a notification. One that is unknown or makes no sense is passed
// over: there is nobody to tell.
func (c *conn) notified(m *message) {
	switch m.method {
	case mcp.NotificationCancelled:
		if id := rawID(m.params.get("requestId")); validID(id) {
			reason, _ := m.params.text("reason")
			c.cancelled(id, cancelledByClient(clip(reason)))
		}
	case mcp.NotificationInitialized:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.ready = c.revision != nil
	default:
		c.log().Debug("notification passed over", "method", clip(m.method))
	}
}

// cancelledByClient is the cause of a call that its caller cancelled; it holds the
// reason that the caller gave.
type cancelledByClient string

func (e cancelledByClient) Error() string {
	if e == "" {
		return "cancelled by the client"
	}
	return "cancelled by the client: " + string(e)
}

// reply answers a request with a result, given as JSON text.
func (c *conn) reply(r *request, result []byte) {
	c.answer(r, append(append(appendResponse(nil, r), result...), '}'))
}

// appendResponse begins a response that ends behind its result with a brace.
func appendResponse(dst []byte, r *request) []byte {
	dst = append(dst, `{"jsonrpc":"2.0","id":`...)
	return append(append(dst, r.id...), `,"result":`...)
}

// refuse answers a request with an error.
func (c *conn) refuse(r *request, fault *jsonrpc2.Error) {
	c.answer(r, appendFault(nil, r.id, fault))
}

// answer sends the response to a request, by way of its batch where it came in one.
func (c *conn) answer(r *request, frame []byte) {
	if r.batch != nil {
		r.batch.add(frame)
		return
	}
	b := r.burst
	if b == nil || !b.holds.Load() {
		c.send(frame)
		return
	}
	c.pushed(c.out.hold(frame))
	if !b.holds.Load() { // it was passed meanwhile
		c.kick()
	}
}

// fault reports a message that could not be read to the peer.
func (c *conn) fault(id rawID, fault *jsonrpc2.Error) { c.send(appendFault(nil, id, fault)) }
