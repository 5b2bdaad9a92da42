package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"testing"
)

// scripted is a server whose answers a test writes out. Its client end is a Stream.
type scripted struct {
	t        testing.TB
	toServer chan []byte
	toClient chan []byte
	ended    chan struct{} // closed when the server ends its output
	closed   chan struct{} // closed when the client closes the stream
	once     sync.Once
}

func newScripted(t testing.TB) *scripted {
	return &scripted{
		t: t, toServer: make(chan []byte), toClient: make(chan []byte),
		ended: make(chan struct{}), closed: make(chan struct{}),
	}
}

func (s *scripted) Read(ctx context.Context) ([]byte, error) {
	select {
	case msg := <-s.toClient:
		if why, ok := bytes.CutPrefix(msg, []byte("skip:")); ok {
			return nil, skippedError(why)
		}
		return msg, nil
	case <-s.ended:
		return nil, io.EOF
	case <-s.closed:
		return nil, io.ErrClosedPipe
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *scripted) Write(ctx context.Context, msg []byte) error {
	if bytes.ContainsRune(msg, '\n') {
		s.t.Errorf("a message with a newline: %q", msg)
	}
	select {
	case s.toServer <- bytes.Clone(msg):
		return nil
	case <-s.closed:
		return io.ErrClosedPipe
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *scripted) Close(int, string) error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

type skippedError string

func (e skippedError) Error() string   { return string(e) }
func (e skippedError) Skipped() string { return string(e) }

// received is a message of the client.
type received struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *WireError      `json:"error"`
	text   string
}

// next waits for the client's next message. It returns nil once the stream is
// closed.
func (s *scripted) next() *received {
	select {
	case msg := <-s.toServer:
		r := &received{text: string(msg)}
		if err := json.Unmarshal(msg, r); err != nil {
			s.t.Errorf("the client sent %q: %v", msg, err)
		}
		return r
	case <-s.closed:
		return nil
	}
}

// expect waits for a message of this method.
func (s *scripted) expect(method string) *received {
	s.t.Helper()
	r := s.next()
	if r == nil || r.Method != method {
		s.t.Errorf("the client sent %+v, want %s", r, method)
		return &received{ID: json.RawMessage("0")}
	}
	return r
}

func (s *scripted) send(format string, args ...any) {
	select {
	case s.toClient <- fmt.Appendf(nil, format, args...):
	case <-s.closed:
	}
}

func (s *scripted) result(r *received, result string) {
	s.send(`{"jsonrpc":"2.0","id":%s,"result":%s}`, r.ID, result)
}

func (s *scripted) refuse(r *received, code int) {
	s.send(`{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":"no"}}`, r.ID, code)
}

const (
	discoverResult   = `{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{},"logging":{}},"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"scripted","version":"1"}},"instructions":"be kind","ttlMs":0,"cacheScope":"public"}`
	initializeResult = `{"protocolVersion":"2025-11-25","capabilities":{"tools":{},"logging":{}},"serverInfo":{"name":"scripted","version":"1"},"instructions":"be kind"}`
)

// connect connects a client to s as a server of this revision; s.next then gives
// what the client sends beyond the handshake.
func connect(t testing.TB, s *scripted, revision string) *Client {
	t.Helper()
	go func() {
		probe := s.expect("server/discover")
		if revision == "2026-07-28" {
			s.result(probe, discoverResult)
			return
		}
		s.refuse(probe, -32601)
		result := bytes.ReplaceAll([]byte(initializeResult), []byte("2025-11-25"), []byte(revision))
		s.result(s.expect("initialize"), string(result))
	}()
	client, err := Connect(t.Context(), s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if !client.Server().Modern {
		s.expect("notifications/initialized")
	}
	return client
}
