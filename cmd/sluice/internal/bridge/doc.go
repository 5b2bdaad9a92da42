// Package bridge carries the messages of one client, which knows of one connection, over
// connections to a server that come and go.
//
//	client --> toServer --> server       requests are noted on their way
//	client <-- toClient <-- server       and struck out when they are answered
//
// Messages pass as they are: ids, progress tokens and cancellations are the client's and
// the server's own. When a connection is lost, each request that it still owed an answer
// is answered in its place, a call of a tool with a result that the model reads. Then
// the server is dialled again, with backoff, for as long as the client stays;
// requests fail at once meanwhile. To the new connection of a legacy client the handshake
// is repeated, and the client is told that the tools may have changed. Subscriptions of
// modern clients end with the connection.
package bridge
