package upstream

import (
	"context"
	"crypto/tls"
	"fmt"

	"github.com/sluice-dev/sluice/transport/websocket"
)

// A Remote is an MCP server that is spoken to over a WebSocket.
type Remote struct {
	// URL is where it listens: ws://127.0.0.1:7777/mcp, wss://tools.example/mcp or
	// unix:/run/sluice.sock. Required.
	URL string

	// Token gives the bearer token. It is asked at each connection, so that a token may
	// change. Defaults to none.
	Token func() (string, error)

	// TLS is what is asked for at each connection to a wss URL. Defaults to the system's
	// roots, and no certificate of our own.
	TLS func() (*tls.Config, error)

	// MaxMessage is the longest message in bytes that is taken from the server.
	// Defaults to 32 MiB.
	MaxMessage int
}

// Open connects to the server, for [Spec].Open.
func (r *Remote) Open(ctx context.Context) (Stream, error) {
	opts := websocket.DialOptions{MaxMessage: r.MaxMessage}
	if opts.MaxMessage <= 0 {
		opts.MaxMessage = defaultMaxMessage
	}
	if r.Token != nil {
		var err error
		if opts.Token, err = r.Token(); err != nil {
			return nil, fmt.Errorf("the token: %w", err)
		}
	}
	if r.TLS != nil {
		var err error
		if opts.TLS, err = r.TLS(); err != nil {
			return nil, err
		}
	}
	stream, err := websocket.Dial(ctx, r.URL, opts)
	if err != nil {
		return nil, err
	}
	return stream, nil
}
