// Package upstream speaks to other MCP servers: it is the client side of the wire.
//
// [Connect] finds out what era a server belongs to and settles the revision; from
// then on one [Client] carries any number of calls at once over one [Stream]:
//
//	CallTool --> Conn --> object stream --> outbox --> writer --> Stream
//	   ^          ^                                                  |
//	   |          +---- ids answered <-- calls <-- reader <----------+
//	   +---------------- progress, notes <-----------+
//
// Two goroutines own the Stream: the reader decodes each message once and the
// writer empties the outbox. No caller ever waits on the Stream itself, so a call
// whose context ends returns at once, even while the server reads nothing: a request
// still in the outbox is taken back unsent, one that is on its way is followed by
// notifications/cancelled. The outbox is bounded by the calls in flight.
//
// The correlation of requests and responses is that of
// github.com/sourcegraph/jsonrpc2. Its Conn is given the ids alone, since its codec
// parses a message several times, and it is told of every call that was given up,
// since it forgets a request only when an answer arrives.
//
// What a server sends is not trusted. A message that cannot be understood is
// dropped and counted ([Client.Stats]), and too many in a row end the connection; an
// answer to nothing that was asked is dropped and counted, and so is an error without
// an id while several requests are in flight; a request of the server is refused,
// except ping. Lists are bounded.
package upstream
