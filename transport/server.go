package transport

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

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

	// Info names the server to its clients. Name and Version are required.
	Info mcp.Implementation

	// Instructions tell models how to use the server. Defaults to none.
	Instructions string

	// PageSize is how many tools a page of tools/list has at most. Defaults to 1000.
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

// Server speaks MCP on any number of streams, each in whatever revisions its peer
// speaks. Its methods are safe for concurrent use.
type Server struct {
	opts        Options
	log         *slog.Logger
	info        map[*mcp.Revision][]byte // Options.Info encoded
	definitions definitions
	lookout     lookout

	mu      sync.Mutex
	conns   map[*conn]struct{} // guarded by mu
	closing bool               // guarded by mu; no new connections
	serving sync.WaitGroup     // Add under mu while not closing
}

// NewServer returns a server. It panics where a required option is missing, as that
// is a mistake in the program.
func NewServer(opts Options) *Server {
	if opts.Engine == nil || opts.Registry == nil || opts.Info.Name == "" || opts.Info.Version == "" {
		panic("transport: NewServer needs Engine, Registry, and the name and version of Info")
	}
	opts.PageSize = cmp.Or(opts.PageSize, 1000)
	log := cmp.Or(opts.Logger, slog.New(slog.DiscardHandler))
	s := &Server{
		opts: opts, log: log, info: map[*mcp.Revision][]byte{},
		definitions: definitions{log: log}, conns: map[*conn]struct{}{},
	}
	for _, revision := range mcp.Revisions() {
		info, err := jsonv2.Marshal(opts.Info.In(revision))
		if err != nil {
			panic(fmt.Sprintf("transport: Info cannot be encoded: %v", err))
		}
		s.info[revision] = info
	}
	return s
}

// Serve speaks MCP on the stream until it ends or ctx is done, and closes it. When it
// returns no call of the stream runs any more but those that were abandoned. The
// error is nil for an orderly end, and otherwise says why the stream could not be
// read.
func (s *Server) Serve(ctx context.Context, stream Stream, peer Peer) error {
	c := newConn(ctx, s, stream, peer)
	defer c.cancel(nil)
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return stream.Close(closeGoingAway, errShuttingDown.Error())
	}
	s.conns[c] = struct{}{}
	s.serving.Add(1)
	s.mu.Unlock()
	release := s.opts.Engine.KeepReady()
	defer func() {
		release()
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
		s.serving.Done()
	}()
	return c.serve()
}

// ToolsChanged tells every client that its list of tools may be another, for a reason that
// the registry does not know of: what callers may use has changed.
func (s *Server) ToolsChanged() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.toolsChanged()
	}
}

// Shutdown ends the server in order: subscriptions are ended and new calls refused;
// running calls go on until ctx is done and are then cancelled; answers are flushed
// and the streams closed with code 1001. It returns when every Serve has
// ended. The error is that of [executor.Engine.Drain]. It may be called again, and
// before the first Serve.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	for c := range s.conns {
		c.endSubscriptions()
	}
	s.mu.Unlock()
	err := s.opts.Engine.Drain(ctx)
	var leaving sync.WaitGroup
	s.mu.Lock()
	for c := range s.conns {
		leaving.Go(c.leave)
	}
	s.mu.Unlock()
	leaving.Wait()
	s.serving.Wait()
	return err
}
