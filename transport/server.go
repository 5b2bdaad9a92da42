package transport

import (
	"context"
	"log/slog"
	"time"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// Options configure a [Server].
type Options struct {
	// Engine runs the calls. It is required.
	Engine *executor.Engine
	// Registry holds the tools that are listed. It is required, and the engine's.
	Registry *tools.Registry
	// Info names the server to its clients.
	Info mcp.Implementation
	// Instructions tell models how to use the server. Defaults to none.
	Instructions string
	// PageSize is how many tools a page of tools/list has. Defaults to 1000.
	PageSize int
	// Logger takes the server's log. Defaults to discarding it.
	Logger *slog.Logger
}

// A Peer is who is at the other end of a stream.
type Peer struct {
	// Transport is "stdio" or "websocket".
	Transport string
	// Caller is the authenticated name of the peer; empty where it has none.
	Caller string
	// Address is where the peer connects from, for the log.
	Address string
	// Grace is how long calls that run when the peer has sent its last message may
	// go on and be answered. Defaults to 0: they are cancelled.
	Grace time.Duration
}

// Server speaks MCP on any number of streams.
type Server struct{ opts Options }

// NewServer returns a server.
func NewServer(opts Options) *Server { return &Server{opts: opts} }

// Serve speaks MCP on the stream until it ends or ctx is done, and closes it. It
// returns nil for an orderly end.
func (s *Server) Serve(ctx context.Context, stream Stream, peer Peer) error { return nil }

// Shutdown ends the server in order: new calls are refused, subscriptions are
// ended, running calls go on until ctx is done and are then cancelled, answers are
// flushed and the streams closed with code 1001.
func (s *Server) Shutdown(ctx context.Context) error { return nil }
