package transport_test

import (
	"bytes"
	"context"
	"io"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/transport"
	"github.com/sluice-dev/sluice/transport/stdio"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// patience is how long a test waits for what must come; it is never waited out in a
// passing run.
const patience = 20 * time.Second

// A link is a raw client of a server: it sends and receives frames as they are.
type link struct {
	t     testing.TB
	write func([]byte) error
	read  func() ([]byte, error)
	// closeSend ends what the client sends, closeRead what it takes, hangUp both.
	closeSend, closeRead, hangUp func() error
	// served is closed when Serve has returned, with its error in err.
	served chan struct{}
	err    error
}

// transports are what every scenario runs over.
var transports = map[string]func(testing.TB, *transport.Server) *link{
	"memory":    memoryLink,
	"stdio":     stdioLink,
	"websocket": websocketLink,
}

// overAll runs a scenario over every transport, each with a server of its own.
func overAll(t *testing.T, scenario func(t *testing.T, f *fixture, l *link)) {
	for name, connect := range transports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			scenario(t, f, connect(t, f.server))
		})
	}
}

func (l *link) send(messages ...string) {
	l.t.Helper()
	for _, m := range messages {
		if err := l.write([]byte(expand(m))); err != nil {
			l.t.Fatalf("send %.200s: %v", m, err)
		}
	}
}

// recv returns the next message, or fails the test.
func (l *link) recv() string {
	l.t.Helper()
	type received struct {
		data []byte
		err  error
	}
	c := make(chan received, 1)
	go func() {
		data, err := l.read()
		c <- received{bytes.Clone(data), err}
	}()
	select {
	case r := <-c:
		if r.err != nil {
			l.t.Fatalf("receive: %v", r.err)
		}
		return string(r.data)
	case <-time.After(patience):
		l.t.Fatal("nothing was received")
		return ""
	}
}

// want receives one message and fails the test unless it holds each part.
func (l *link) want(parts ...string) string {
	l.t.Helper()
	got := l.recv()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			l.t.Fatalf("received %.300s\nwithout %s", got, part)
		}
	}
	return got
}

// ended waits until the server has let go of the connection.
func (l *link) ended() error {
	l.t.Helper()
	select {
	case <-l.served:
		return l.err
	case <-time.After(patience):
		l.t.Fatal("the connection did not end")
		return nil
	}
}

func (l *link) serve(ctx context.Context, s *transport.Server, stream transport.Stream, peer transport.Peer) {
	defer close(l.served)
	l.err = s.Serve(ctx, stream, peer)
}

// meta is what a modern request has to carry.
const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`

// expand replaces $META by the _meta member of a modern request, and $META+ by one
// that is still open.
func expand(message string) string {
	message = strings.ReplaceAll(message, "$META+", strings.TrimSuffix(meta, "}"))
	return strings.ReplaceAll(message, "$META", meta)
}

// A memoryStream is the server's end of an in-memory link.
type memoryStream struct {
	in     chan []byte
	out    chan []byte
	closed chan struct{}
	once   sync.Once
	eof    chan struct{}
}

func newMemoryStream() *memoryStream {
	return &memoryStream{
		in: make(chan []byte), out: make(chan []byte, 64),
		closed: make(chan struct{}), eof: make(chan struct{}),
	}
}

func (m *memoryStream) Read(ctx context.Context) ([]byte, error) {
	select {
	case data := <-m.in:
		return data, nil
	case <-m.eof:
		return nil, io.EOF
	case <-m.closed:
		return nil, io.ErrClosedPipe
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (m *memoryStream) Write(ctx context.Context, msg []byte) error {
	select {
	case m.out <- bytes.Clone(msg):
		return nil
	case <-m.closed:
		return io.ErrClosedPipe
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *memoryStream) Close(int, string) error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

func memoryLink(t testing.TB, s *transport.Server) *link {
	m := newMemoryStream()
	l := &link{t: t, served: make(chan struct{})}
	l.write = func(data []byte) error {
		select {
		case m.in <- data:
			return nil
		case <-m.closed:
			return io.ErrClosedPipe
		}
	}
	l.read = func() ([]byte, error) {
		select {
		case data := <-m.out:
			return data, nil
		default:
		}
		select {
		case data := <-m.out:
			return data, nil
		case <-l.served:
			return nil, io.EOF
		}
	}
	l.closeSend = func() error { close(m.eof); return nil }
	l.hangUp = func() error { return m.Close(0, "") }
	go l.serve(t.Context(), s, m, transport.Peer{Transport: "memory", Grace: patience})
	t.Cleanup(func() { m.Close(0, ""); l.ended() })
	return l
}

func stdioLink(t testing.TB, s *transport.Server) *link {
	serverIn, clientOut := io.Pipe()
	clientIn, serverOut := io.Pipe()
	l := &link{t: t, served: make(chan struct{}), closeSend: clientOut.Close, closeRead: clientIn.Close}
	client := stdio.New(clientIn, clientOut, stdio.Options{MaxMessage: 64 << 20})
	l.write = func(data []byte) error {
		_, err := clientOut.Write(append(bytes.Clone(data), '\n'))
		return err
	}
	l.read = func() ([]byte, error) { return client.Read(context.Background()) }
	l.hangUp = func() error { return client.Close(0, "") }
	go func() {
		defer serverOut.Close()
		l.serve(t.Context(), s, stdio.New(serverIn, serverOut, stdio.Options{}), transport.Peer{Transport: "stdio", Grace: patience})
	}()
	t.Cleanup(func() { clientOut.Close(); clientIn.Close(); l.ended() })
	return l
}

const secret = "0123456789abcdef0123456789abcdef"

func websocketLink(t testing.TB, s *transport.Server) *link {
	l := &link{t: t, served: make(chan struct{})}
	tokens, err := websocket.NewTokens(websocket.Token{Name: "tester", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := websocket.NewHandler(websocket.Options{
		Tokens: tokens,
		Serve: func(ctx context.Context, stream *websocket.Stream, peer websocket.Peer) {
			l.serve(ctx, s, stream, transport.Peer{Transport: "websocket", Caller: peer.Caller, Address: peer.Address})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	host := httptest.NewServer(handler)
	client, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(host.URL, "http")+"/mcp", websocket.DialOptions{Token: secret})
	if err != nil {
		t.Fatal(err)
	}
	l.write = func(data []byte) error { return client.Write(context.Background(), data) }
	l.read = func() ([]byte, error) { return client.Read(context.Background()) }
	l.hangUp = func() error { return client.Close(1000, "") }
	l.closeSend = l.hangUp
	t.Cleanup(func() { l.hangUp(); l.ended(); host.Close() })
	return l
}
