package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// Options configure [Connect].
type Options struct {
	// Info names this client to the server. Name defaults to "sluice", Version to
	// "0.0.0".
	Info mcp.Implementation

	// ProbeTimeout is how long a server may leave server/discover unanswered
	// before it is taken for a legacy one. A modern server that answers later is
	// still recognised. Defaults to 3 s.
	ProbeTimeout time.Duration

	// Legacy says that the server is known to be a legacy one, and keeps the probe
	// from it: some end when the first message is not initialize. Defaults to
	// asking.
	Legacy bool

	// OnToolsChanged, where set, is called when the server's tools may be others than it
	// has listed: it says so, or has agreed to from now on (see [Client.Listen]). It runs on the goroutine that
	// reads the connection: it must not block. Defaults to passing over it.
	OnToolsChanged func()

	// Logger is told at debug level of what was dropped, and of oversized lists
	// as warnings. Defaults to discarding it.
	Logger *slog.Logger
}

// A Client is a connection to one MCP server. All methods are safe for concurrent
// use, by thousands of goroutines. It must be closed.
type Client struct {
	opts   Options
	wire   *wire
	conn   *jsonrpc2.Conn
	ids    atomic.Uint64
	server Server

	// level holds what a legacy server was told to log, empty at first. Whoever
	// has taken it out may change it.
	level chan tools.Level
}

// Connect settles the protocol revision with the server at the other end of the
// stream, the modern one first. It takes the stream over: on an error it is closed.
// The time that it takes is bounded by ctx alone.
//
// The error wraps [ErrVersion], [ErrClosed] or the cause of ctx, or is a
// [*WireError] with which the server refused.
func Connect(ctx context.Context, stream Stream, opts Options) (*Client, error) {
	opts = opts.withDefaults()
	w := newWire(stream, opts)
	c := &Client{opts: opts, wire: w, level: make(chan tools.Level, 1)}
	c.level <- ""
	// The connection outlives ctx, which is that of connecting.
	c.conn = jsonrpc2.NewConn(context.Background(), w, refuser{},
		jsonrpc2.OnSend(w.onSend), jsonrpc2.SetLogger(silent{}))
	server, err := c.handshake(ctx)
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("connect to the MCP server: %w", err)
	}
	c.server = server
	return c, nil
}

func (o Options) withDefaults() Options {
	if o.Info.Name == "" {
		o.Info.Name = "sluice"
	}
	if o.Info.Version == "" {
		o.Info.Version = "0.0.0"
	}
	if o.ProbeTimeout <= 0 {
		o.ProbeTimeout = 3 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Server returns what the server said of itself.
func (c *Client) Server() Server { return c.server }

// Stats returns the counts of what was dropped so far.
func (c *Client) Stats() Stats { return c.wire.stats.snapshot() }

// Done is closed when the connection has ended, for whatever reason.
func (c *Client) Done() <-chan struct{} { return c.wire.ctx.Done() }

// Err returns why the connection has ended, an error that wraps [ErrClosed], and nil as
// long as it has not.
func (c *Client) Err() error {
	if c.wire.ctx.Err() == nil {
		return nil
	}
	return c.closed()
}

// Close writes out what waits to be written, for a second at most, ends the
// connection and waits for its goroutines. Calls in flight return an error that
// wraps [ErrClosed]. It may be called more than once.
func (c *Client) Close() error {
	c.wire.flush()
	err := c.conn.Close()
	c.wire.loops.Wait()
	if errors.Is(err, jsonrpc2.ErrClosed) {
		return nil
	}
	return err
}

// closed returns the error of a call that the end of the connection cut short.
func (c *Client) closed() error {
	switch cause := context.Cause(c.wire.ctx); {
	case cause == nil, errors.Is(cause, ErrClosed):
		return ErrClosed
	case errors.Is(cause, io.EOF):
		return fmt.Errorf("%w: the server ended it", ErrClosed)
	default:
		return fmt.Errorf("%w: %w", ErrClosed, cause)
	}
}

// refuser is the handler that Conn demands. The wire hands Conn no requests.
type refuser struct{}

func (refuser) Handle(context.Context, *jsonrpc2.Conn, *jsonrpc2.Request) {}

// silent keeps Conn from writing to the standard error of the process.
type silent struct{}

func (silent) Printf(string, ...any) {}
