// Package upstream has to do with other MCP servers: an [Upstream] keeps one of them
// connected and its tools in a registry, a [Client] speaks to one.
//
// # Servers whose tools are served
//
//	            +------------- ended, hung, broke the protocol: backoff <-----+
//	            v                                                             |
//	Start --> open (Program, Remote) --> Connect --> list --> follow ---------+
//	                                                  |         |
//	                                                  v         | list_changed
//	                          pins --> catalogue --> registry <-+
//
// An Upstream never keeps anybody waiting: it starts in the background, and a call of one
// of its tools fails at once while there is no connection. The tools stay registered
// meanwhile. A list is brought to the registry in one change, and only as far as it
// differs. A program is a [Process], which leaves nobody behind.
//
// # The client
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
