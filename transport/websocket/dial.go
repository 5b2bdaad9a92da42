package websocket

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	ws "github.com/coder/websocket"
)

// handshakeTimeout bounds Dial where its context does not.
const handshakeTimeout = 30 * time.Second

// DialOptions configure [Dial]. The zero value connects without a token.
type DialOptions struct {
	// Token is sent in the Authorization header. It is never sent on to where the
	// server redirects, and stands in no error.
	Token string
	// Origin is sent as the Origin header. Defaults to none, as programs have it.
	Origin string
	// Header is sent beside what the handshake needs. Defaults to none.
	Header http.Header
	// TLS configures wss connections. Defaults to the system's roots.
	TLS *tls.Config
	// MaxMessage is the longest message that is taken, in bytes. Defaults to 4 MiB.
	MaxMessage int
	// WriteTimeout is how long the server may take to take one message. Defaults
	// to 10 s.
	WriteTimeout time.Duration
	// PingInterval is the time between pings. Defaults to 20 s.
	PingInterval time.Duration
}

// Dial connects to a server at a ws or wss URL, offering the subprotocol mcp, or at a
// UNIX socket: unix:/run/sluice.sock, or ws+unix:///run/sluice.sock:/mcp where the path
// is not /mcp. A proxy of the environment (HTTPS_PROXY and so on) is used where it is no
// socket. Redirects are refused. The context, and in any case half a minute, bounds the
// handshake only.
func Dial(ctx context.Context, target string, opts DialOptions) (*Stream, error) {
	u, socket, err := parseTarget(target)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	s := &Stream{limits: limits{opts.MaxMessage, opts.WriteTimeout, opts.PingInterval}.withDefaults()}
	d := dialer{tls: opts.TLS, socket: socket}
	transport := d.transport()
	conn, resp, err := ws.Dial(ctx, u.String(), &ws.DialOptions{
		HTTPClient:     &http.Client{Transport: transport, CheckRedirect: noRedirect},
		HTTPHeader:     opts.header(),
		Subprotocols:   []string{subprotocol},
		OnPingReceived: s.pinged,
	})
	if err != nil {
		transport.CloseIdleConnections()
		return nil, dialError(placeOf(u, socket), opts.Token, resp, err)
	}
	s.begin(conn, d.wire)
	return s, nil
}

// parseTarget returns the URL that is asked for, and the path of the UNIX socket where it
// is asked for there; the host is localhost then, which every server answers to.
func parseTarget(target string) (u *url.URL, socket string, err error) {
	u = &url.URL{Scheme: "ws", Host: "localhost", Path: pathMCP}
	socket, isSocket := strings.CutPrefix(target, "unix:")
	if path, ok := strings.CutPrefix(target, "ws+unix:"); ok {
		socket, isSocket = path, true
		if i := strings.LastIndex(path, ":/"); i > 0 {
			socket, u.Path = path[:i], path[i+1:]
		}
	}
	if !isSocket {
		u, err = url.Parse(target)
		if err == nil && u.Host != "" && (u.Scheme == "ws" || u.Scheme == "wss") {
			return u, "", nil
		}
	}
	socket = strings.TrimPrefix(socket, "//")
	if !isSocket || socket == "" {
		return nil, "", errors.New("websocket: the URL must be like ws://127.0.0.1:7777/mcp, wss://tools.example/mcp or unix:/run/sluice.sock")
	}
	return u, socket, nil
}

// placeOf names a server in errors. Of its URL it shows neither user nor query, which may
// hold secrets.
func placeOf(u *url.URL, socket string) string {
	if socket != "" {
		return "unix:" + socket
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// header returns what is sent beside the handshake's own.
func (o DialOptions) header() http.Header {
	header := o.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	if o.Token != "" {
		header.Set("Authorization", "Bearer "+o.Token)
	}
	if o.Origin != "" {
		header.Set("Origin", o.Origin)
	}
	return header
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// A dialer makes one connection and keeps hold of it.
type dialer struct {
	net    net.Dialer
	tls    *tls.Config
	socket string // the path of a UNIX socket; empty where it is none
	wire   *wire
}

func (d *dialer) transport() *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	t := &http.Transport{
		Proxy:           http.ProxyFromEnvironment,
		DialContext:     d.dial,
		TLSClientConfig: d.tls,
		Protocols:       &protocols,
	}
	if d.socket != "" {
		t.Proxy = nil
	}
	return t
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if d.socket != "" {
		network, address = "unix", d.socket
	}
	conn, err := d.connect(ctx, network, address)
	if err != nil {
		return nil, err
	}
	d.wire = &wire{Conn: conn, turn: make(chan struct{}, 1)}
	return d.wire, nil
}

func (d *dialer) connect(ctx context.Context, network, address string) (net.Conn, error) {
	if port, ok := portOfLocalhost(address); ok && d.socket == "" {
		return dialLocalhost(ctx, &d.net, network, port)
	}
	return d.net.DialContext(ctx, network, address)
}

// dialError says what is wrong in words for whoever set up the client.
func dialError(place, token string, resp *http.Response, err error) error {
	if resp == nil {
		return fmt.Errorf("websocket: cannot connect to %s: %w", place, rootCause(err))
	}
	advice := map[int]string{
		http.StatusUnauthorized:       "the token is missing or wrong",
		http.StatusForbidden:          "the server does not allow this host or origin",
		http.StatusNotFound:           "nothing is served at this path",
		http.StatusServiceUnavailable: "the server is full or shutting down",
	}[resp.StatusCode]
	if advice == "" {
		advice = "the server does not speak WebSocket there"
	}
	return &StatusError{resp.StatusCode, fmt.Sprintf("websocket: %s answered %d: %s%s", place, resp.StatusCode, advice, said(resp, token))}
}

// A StatusError is the error of [Dial] for a server that answers the handshake with an
// HTTP status instead of a WebSocket.
type StatusError struct {
	// Status is that status, such as 401 where the token is wrong.
	Status int
	text   string
}

// Error returns a sentence with the place, the status, what is likely to be wrong and
// what the server said.
func (e *StatusError) Error() string { return e.text }

// rootCause takes off what net/http and the library put around an error of dialing,
// which has the URL in it, and words the most frequent one.
func rootCause(err error) error {
	const refusedOnWindows = syscall.Errno(10061) // WSAECONNREFUSED
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, refusedOnWindows) {
		return fmt.Errorf("nothing listens there: %w", syscall.ECONNREFUSED)
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// said returns what the server said, made fit to be shown. A hostile one might send
// the token back.
func said(resp *http.Response, token string) string {
	if resp.Body == nil || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
		return ""
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
	text := strings.TrimSpace(string(body))
	if text == "" || token != "" && strings.Contains(text, token) {
		return ""
	}
	return fmt.Sprintf(" (it says %q)", text)
}
