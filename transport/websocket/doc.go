// Package websocket carries messages over WebSocket connections (RFC 6455), one
// message a text frame. It knows nothing of what a message says. [NewHandler] accepts
// connections, [Dial] makes them; both give a [Stream].
//
// # The binding
//
// The MCP specification has no WebSocket transport; as a custom transport
// (2026-07-28, basic/transports, "Custom Transports") this one is: GET /mcp upgrades;
// the subprotocol is "mcp", selected where it is offered; a client that offers none
// is taken, one that offers others only is answered 400. A text message is one
// JSON-RPC message (or one batch, in the revision that has them). A binary message is
// skipped, and the connection lives on; an empty text message is a message that is not
// JSON, and not a blank line of another transport. There is no compression. A call is cancelled
// by its notification, or with all others by closing the connection.
//
// # Who gets in
//
// Before the upgrade, and for every path alike, in this order:
//
//	Host     localhost, 127.0.0.1, [::1] or configured                  else 403
//	Origin   absent, or scheme, host and port equal to a configured one  else 403
//	token    see below                                                   else 401
//	caps     connections in all, of one caller, from one address, and    else 503
//	         no draining
//
// There is no trusted address, and one thing for which no token is needed: the client
// for pages at GET /sluice.js. It is no secret, and an import cannot send a token; a
// page from elsewhere can import it if its origin is allowed. A token travels in the
// header Authorization: Bearer TOKEN, or, from a page, which cannot set headers on a
// WebSocket, as the subprotocol bearer.TOKEN beside mcp; that one is never selected,
// so it is not sent back. A client that can do neither asks POST /ticket, with the
// header, for {"ticket": ..., "expiresInMs": 30000} and connects to /mcp?ticket=...,
// once. A token in a URL is refused, right or wrong. Who a token stands for is known to
// [Tokens] or to another [Verifier]; a [ConnectionVerifier] may say who a connection
// stands for by itself, such as by the certificate of the client. If there are several
// credentials, that of the connection included, all must be good and of one caller.
//
// Where a connection comes from is what the network says, or behind Options.Proxies what
// these say: of the addresses in the header that they write, the rightmost that is not a
// proxy. What a client puts there itself is never reached.
//
// [Handler.SetAccess] changes all of this while connections are open. Those whose
// credentials or origin are no longer good are closed with code 1008, as is a connection
// when the first of its credentials expires: a client that means to stay connects again
// with a new token before that. [Handler.Guard] puts other routes behind the same checks.
//
// # What a peer can do to the rest
//
// Nothing that is not bounded, and nothing to another connection:
//
//	a message over MaxMessage, announced or sent        close 1009
//	a message that takes over 30 s from its first frame close 1008
//	more than 100 pings in 10 s                         close 1008
//	a text that is not UTF-8                            close 1007
//	a frame that breaks RFC 6455                        close 1002
//	does not take a message within WriteTimeout         cut; reported as 1008
//	connects and says nothing                           cut by NewServer's times, and see Bound
//	no pong within 9 s, every PingInterval              close 1008
//
// Memory for a message grows with what has arrived, not with what a header promises.
// A peer that does not read cannot be sent a close frame, since it would have to wait
// behind the message that is stuck: its side sees the connection end.
//
// A ping that is due while a message is being written is left out, and a pong is only
// missed while a Read waits: under back-pressure, when nobody reads, the peer is not
// to blame.
//
// # What a connection costs
//
// An idle connection is one goroutine, that of Options.Serve in Read, two small
// buffers and a timer; its HTTP request is gone, and the memory of a message is on
// loan from its first byte until the next Read.
package websocket
