// Package transport speaks the Model Context Protocol over a [Stream] of messages:
// it decodes them strictly, finds out which revision each is of, dispatches it, and
// hands calls to the engine.
//
//	           one goroutine a connection          one goroutine a call that is not quick
//	          ┌───────────────────────────┐             ┌────────────────────┐
//	Stream -> │ read -> decode -> dispatch │ -> callTool │ Engine.Execute     │
//	          │          │  ping, lists,   │             │  progress, logs    │
//	          │          │  cancel, ...    │             │  result or failure │
//	          └──────────┼────────────────┘             └─────────┬──────────┘
//	                     v                                        v
//	                   outbox: one ordered queue a connection, never blocks
//	                     │
//	Stream <- write  <───┘  one goroutine a connection, while there is something
//
// # Ordering
//
// Messages are taken in the order they come. Everything about a call (its progress,
// its log notes) is queued before its response, and after the response, or after the
// client cancelled the call, nothing: queueing and ending happen under one lock.
// Between calls there is no order.
//
// # Back-pressure
//
// Reading never waits for a tool, so that ping, lists and cancellations are answered while
// every slot is busy. The goroutine that reads runs calls itself only of tools whose calls
// have lately taken less than 10 us, and writes their answers (burst.go); where one takes
// longer than 1 to 2 ms after all, another goroutine goes on reading.
//
// Queueing a message never blocks its sender. When a peer does not take what it is sent and
// the outbox is over its soft bound (256 messages or 1 MiB), progress and log notes are
// dropped, the latest of each call kept where it still waits, and no further request of
// that peer is served until the outbox is below it again; other connections notice
// nothing. Its messages are read ahead all the same, up to 4096 or 4 MiB of them, so
// that its cancellations are heard, of what runs and of what waits to be served, and
// beyond that nothing is read. Only the answers to calls that the engine has admitted
// can add to the outbox then; when 64 MiB wait and the peer has taken nothing for a
// second, the connection is closed with code 1008. A stream has a write deadline of its
// own.
//
// # Overload
//
// How many calls run and wait is the engine's to bound; a refused call is answered at
// once with a result that says when to try again. A message that is too long, nested
// too deep, or holds too many values is answered with an error, and the connection
// lives on.
//
// # Revisions
//
// A request with the modern keys in its _meta is of a modern revision and is judged
// by them alone; one without is of the revision that initialize settled for the
// connection. Both may share one. What differs from revision to revision stands in
// [mcp.Revision].
//
// # Extensions
//
// Three keys of _meta are our own, in every revision. A call's [mcp.MetaPriority] is the
// class in which it waits; a result has [mcp.MetaError] where the engine did not complete
// the call: its kind and when to try again; and [mcp.MetaCache] where its tool has a cache.
//
// # Shutdown
//
// When the peer has sent its last message, its calls go on for [Peer.Grace] and are
// answered, and are then cancelled. [Server.Shutdown] ends subscriptions, drains the
// engine, flushes the answers and closes the streams.
package transport
