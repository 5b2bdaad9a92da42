package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
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
	if err := t.tls.check(u); err != nil {
		return nil, err
	}
	certificates, err := t.tls.config()
	if err != nil {
		return nil, &failure{code: exitUsage, err: err}
	}
	token := t.tokenFor(u)
	if token != "" && u.Scheme == "ws" && !isLoopback(address(u)) {
		fmt.Fprintf(errOut, "warning: the token travels to %s unencrypted; use wss://\n", u.Host)
	}
	stream, err := websocket.Dial(ctx, u.String(), websocket.DialOptions{Token: token, MaxMessage: maxAnswer, TLS: certificates})
	if err != nil {
		return nil, dialFailure(ctx, u, err)
	}
	return open(ctx, stream, upstream.Options{})
}

// serverURL completes what was given as --url: the scheme is ws and the path /mcp
// where they are missing. A UNIX socket is opaque: its path is no part of a URL.
func serverURL(given string) (*url.URL, error) {
	for _, scheme := range []string{"unix", "ws+unix"} {
		if path, ok := strings.CutPrefix(given, scheme+":"); ok && strings.Trim(path, "/") != "" {
			return &url.URL{Scheme: scheme, Opaque: path}, nil
		}
	}
	full := given
	if !strings.Contains(full, "://") {
		full = "ws://" + full
	}
	u, err := url.Parse(full)
	if err != nil || u.Hostname() == "" || u.Scheme != "ws" && u.Scheme != "wss" {
		return nil, usageError("it looks like ws://127.0.0.1:7777/mcp, wss://tools.example or unix:/run/sluice.sock", "--url %q is not the URL of a WebSocket", given)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/mcp"
	}
	return u, nil
}

// place names a server, without what may be secret in its URL.
func place(u *url.URL) string {
	if u.Opaque != "" {
		return u.String()
	}
	return fmt.Sprintf("%s://%s%s", u.Scheme, u.Host, u.Path)
}

// address returns host:port of a URL, or unix: and the path of a UNIX socket.
func address(u *url.URL) string {
	if u.Opaque != "" {
		path, _, _ := strings.Cut(u.Opaque, ":/")
		return "unix:" + path
	}
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
	case errors.Is(err, syscall.ECONNREFUSED), u.Opaque != "" && errors.Is(err, fs.ErrNotExist):
		hint := "start one: `sluice serve --listen " + address(u) + "`"
		at := u.Host
		if u.Opaque != "" {
			at = address(u)
		}
		return &failure{code: exitConnect, err: fmt.Errorf("nothing listens at %s", at), hint: hint}
	}
	hint := "check the URL, and the token in SLUICE_TOKEN or --token"
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		hint = "if the authority of its certificate is yours, name its file with --ca"
	} else if strings.Contains(err.Error(), "tls: certificate required") {
		hint = "it asks for a certificate of yours: name one with --cert and --key"
	}
	return &failure{code: exitConnect, err: &remoteError{err}, hint: hint}
}
