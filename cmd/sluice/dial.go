package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"

	"github.com/sluice-dev/sluice/tools/upstream"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// maxAnswer is the longest message that is taken from a server. A person asked for it,
// so it is more than servers take from their clients.
const maxAnswer = 64 << 20

// dial connects to a server that listens.
func (t *target) dial(ctx context.Context, errOut *screen) (*session, error) {
	u, err := serverURL(t.url)
	if err != nil {
		return nil, err
	}
	token := t.tokenFor(u)
	if token != "" && u.Scheme == "ws" && !isLoopback(address(u)) {
		fmt.Fprintf(errOut, "warning: the token travels to %s unencrypted; use wss://\n", u.Host)
	}
	stream, err := websocket.Dial(ctx, u.String(), websocket.DialOptions{Token: token, MaxMessage: maxAnswer})
	if err != nil {
		return nil, dialFailure(ctx, u, err)
	}
	return open(ctx, stream, upstream.Options{})
}

// serverURL completes what was given as --url: the scheme is ws and the path /mcp
// where they are missing.
func serverURL(given string) (*url.URL, error) {
	full := given
	if !strings.Contains(full, "://") {
		full = "ws://" + full
	}
	u, err := url.Parse(full)
	if err != nil || u.Hostname() == "" || u.Scheme != "ws" && u.Scheme != "wss" {
		return nil, usageError("it looks like ws://127.0.0.1:7777/mcp", "--url %q is not the URL of a WebSocket", given)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/mcp"
	}
	return u, nil
}

// address returns host:port of a URL.
func address(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "wss":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// tokenFor returns the token for a server: what was given, or what a server of this
// user on this machine left.
func (t *target) tokenFor(u *url.URL) string {
	if t.token != "" {
		return t.token
	}
	if token := os.Getenv("SLUICE_TOKEN"); token != "" {
		return token
	}
	if addr := address(u); isLoopback(addr) {
		token, _ := readTokenFile(addr)
		return token
	}
	return ""
}

// dialFailure says what to do about a server that cannot be reached.
func dialFailure(ctx context.Context, u *url.URL, err error) error {
	switch {
	case ctx.Err() != nil:
		return serverError(ctx, context.Cause(ctx))
	case errors.Is(err, syscall.ECONNREFUSED):
		hint := "start one: `sluice serve --listen " + address(u) + "`"
		return &failure{code: exitConnect, err: fmt.Errorf("nothing listens at %s", u.Host), hint: hint}
	}
	return &failure{code: exitConnect, err: &remoteError{err}, hint: "check the URL, and the token in SLUICE_TOKEN or --token"}
}
