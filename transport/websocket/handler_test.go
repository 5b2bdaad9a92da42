package websocket

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestPeer(t *testing.T) {
	t.Parallel()
	peers := make(chan Peer, 1)
	url := startServer(t, newTestHandler(t, Options{
		Origins: []string{"https://shop.example"},
		Serve:   func(_ context.Context, _ *Stream, p Peer) { peers <- p },
	}))
	c, _ := upgradeRaw(t, connect(t, url), "Origin: https://shop.example\r\n"+authorized)
	want := Peer{Caller: "planner", Address: c.LocalAddr().String(), Origin: "https://shop.example"}
	got := <-peers
	if len(got.Identities) != 1 || got.Identities[0].Caller != "planner" {
		t.Errorf("the identities are %v", got.Identities)
	}
	got.Identities = nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if code := c.closed(); code != 1001 {
		t.Errorf("when Serve returns the connection is closed with %d", code)
	}
}

// A client may send its first messages without waiting for the answer to its
// handshake.
func TestMessagesRightBehindTheHandshake(t *testing.T) {
	t.Parallel()
	url := startServer(t, newTestHandler(t, Options{}))
	long := strings.Repeat("x", 3000)
	c, _ := upgradeRaw(t, connect(t, url), authorized+"\r\n"+string(frame(bitFin|opText, "{}"))+string(frame(bitFin|opText, long)))
	for _, want := range []string{"{}", long} {
		if opcode, payload, err := c.read(); opcode != opText || string(payload) != want || err != nil {
			t.Fatalf("got opcode %d, %d bytes and %v", opcode, len(payload), err)
		}
	}
}

func TestCaps(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]Options{
		"connections": {Caps: Caps{Connections: 3}},
		"address":     {Caps: Caps{PerAddress: 3}},
		"caller":      {Caps: Caps{PerCaller: 3}},
	} {
		h := newTestHandler(t, opts)
		url := startServer(t, h)
		var streams []*Stream
		for range 3 {
			streams = append(streams, dialTest(t, url))
		}
		_, resp := upgradeRaw(t, connect(t, url), authorized)
		if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %s, Retry-After %q", name, resp.Status, resp.Header.Get("Retry-After"))
		}
		if _, resp := upgradeRaw(t, connect(t, url), authorized+"Sec-WebSocket-Protocol: other\r\n"); resp.StatusCode != 400 {
			t.Errorf("%s: %s", name, resp.Status)
		}
		streams[0].Close(1000, "")
		eventually(t, func() bool { return h.inside() == 2 })
		if got := exchange(t, dialTest(t, url), "{}"); got != "{}" {
			t.Errorf("%s: got %q", name, got)
		}
		if s := h.Stats(); s.Connections != 3 || s.Accepted != 4 || s.Refused[503] != 1 || s.Refused[400] != 1 {
			t.Errorf("%s: the numbers are %+v", name, s)
		}
	}
}

// inside returns how many connections are counted, and fails to agree with itself if
// the addresses do not add up.
func (h *Handler) inside() int {
	h.door.mu.Lock()
	defer h.door.mu.Unlock()
	sum := 0
	for _, n := range h.door.from {
		sum += n
	}
	of := 0
	for _, n := range h.door.of {
		of += n
	}
	if sum != h.door.inside || of != sum || sum == 0 && len(h.door.from)+len(h.door.of) > 0 {
		return -1
	}
	return sum
}

// eventually waits for what other goroutines and the network bring about: a connection that
// is given back, which the handler tells nobody.
func eventually(t testing.TB, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal("it does not come about")
		}
		time.Sleep(time.Millisecond)
	}
}

// TestUpgradeWithABody checks that the bytes behind an upgrade are frames and nothing else: who
// stands in front may count them otherwise, or wait for them for ever.
func TestUpgradeWithABody(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{})
	url := startServer(t, h)
	for _, body := range []string{"Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n"} {
		if _, resp := upgradeRaw(t, connect(t, url), authorized+body); resp.StatusCode != http.StatusBadRequest || !resp.Close {
			t.Errorf("%q: %s, close: %v", body, resp.Status, resp.Close)
		}
	}
	if c, resp := upgradeRaw(t, connect(t, url), authorized+"Content-Length: 0\r\n"); resp.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("no body: %s", resp.Status)
	} else {
		c.Close()
	}
	eventually(t, func() bool { return h.inside() == 0 })
}

func TestEveryEndGivesTheSlotBack(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{Serve: func(ctx context.Context, s *Stream, p Peer) {
		if msg, _ := s.Read(ctx); string(msg) == "panic" {
			panic("of a test")
		}
	}})
	url := startServer(t, h)
	for _, end := range map[string]func(*rawClient){
		"orderly":        func(c *rawClient) { c.Write(frame(bitFin|opClose, "\x03\xe8")) },
		"cut":            func(c *rawClient) { c.Close() },
		"half a frame":   func(c *rawClient) { c.Write([]byte{bitFin}); c.Close() },
		"breach":         func(c *rawClient) { c.Write(frame(bitFin|3, "")) },
		"Serve returns":  func(c *rawClient) { c.Write(frame(bitFin|opText, "{}")) },
		"Serve panics":   func(c *rawClient) { c.Write(frame(bitFin|opText, "panic")) },
		"close and stay": func(c *rawClient) { c.Write(frame(bitFin|opClose, "")) },
	} {
		c := dialRaw(t, url)
		end(c)
		c.closed()
		eventually(t, func() bool { return h.inside() == 0 })
	}
	for name, header := range map[string]string{
		"no key":      request + "Sec-WebSocket-Version: 13\r\n",
		"bad key":     request + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n",
		"old version": request + "Sec-WebSocket-Version: 8\r\n",
		"no upgrade":  "GET /mcp HTTP/1.1\r\nHost: localhost\r\n",
	} {
		conn := connect(t, url)
		io.WriteString(conn, header+authorized+"Connection: close\r\n\r\n")
		answer, _ := io.ReadAll(conn)
		conn.Close()
		if !bytes.HasPrefix(answer, []byte("HTTP/1.1 4")) {
			t.Errorf("%s: %s", name, answer)
		}
		eventually(t, func() bool { return h.inside() == 0 })
	}
}

// A caller who has all that it may does not keep another out, and raised caps hold at
// once.
func TestCapsHoldEachCallerAlone(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{Caps: Caps{PerCaller: 1}})
	url := startServer(t, h)
	dialTest(t, url)
	if _, err := Dial(t.Context(), url, DialOptions{Token: plannerSecret}); err == nil || !strings.Contains(err.Error(), "of this caller") {
		t.Errorf("a second connection: %v", err)
	}
	s, err := Dial(t.Context(), url, DialOptions{Token: writerSecret})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(1000, "")
	h.SetCaps(Caps{PerCaller: 2})
	dialTest(t, url)
	h.SetCaps(Caps{Connections: 1})
	if got := exchange(t, s, "{}"); got != "{}" {
		t.Errorf("a connection that there was says %q", got)
	}
	if _, err := Dial(t.Context(), url, DialOptions{Token: writerSecret}); err == nil {
		t.Error("let in beyond the lowered cap")
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	of := func(address string) string {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = address
		p := proxies{}
		return p.sourceOf(r).network().String()
	}
	for address, want := range map[string]string{
		"192.0.2.1:1":           "192.0.2.1/32",
		"[::ffff:192.0.2.1]:2":  "192.0.2.1/32",
		"[2001:db8::1]:1":       "2001:db8::/64",
		"[2001:db8::2:0:0:1]:1": "2001:db8::/64",
		"[2001:db8:0:1::1]:1":   "2001:db8:0:1::/64",
		"[fe80::1%eth0]:1":      "fe80::/64",
		"@":                     "invalid Prefix",
		"pipe":                  "invalid Prefix",
	} {
		if got := of(address); got != want {
			t.Errorf("%s counts as %s, want %s", address, got, want)
		}
	}
}

// While the handler drains nobody gets in, and who is inside is served.
func TestDrain(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{})
	url := startServer(t, h)
	s := dialTest(t, url)
	exchange(t, s, "before")
	h.Drain()
	h.Drain()
	got := ask(h, "GET", pathMCP, asPlanner)
	if got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") != "5" || !strings.Contains(got.Body.String(), "shutting down") {
		t.Errorf("an upgrade was answered %d, %v: %s", got.Code, got.Header(), got.Body)
	}
	if _, err := Dial(t.Context(), url, DialOptions{Token: plannerSecret}); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("dialling: %v", err)
	}
	if got := ask(h, "GET", pathMCP).Code; got != http.StatusUnauthorized {
		t.Errorf("an upgrade without a token: %d", got)
	}
	if got := exchange(t, s, "after"); got != "after" {
		t.Errorf("the connection that there was says %q", got)
	}
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		served := make(chan error, 1)
		h := newTestHandler(t, Options{Serve: func(ctx context.Context, s *Stream, _ Peer) {
			<-ctx.Done()
			served <- context.Cause(ctx)
			time.Sleep(time.Minute)
		}})
		_, c := serveInMemory(t, h)
		go io.Copy(io.Discard, c.br)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := h.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with a connection that goes on: %v", err)
		}
		if err := <-served; err != ErrShutdown {
			t.Errorf("the cause is %v", err)
		}
		if got := ask(h, "GET", pathMCP, asPlanner); got.Code != http.StatusServiceUnavailable {
			t.Errorf("a new connection: %d", got.Code)
		}
		if err := h.Shutdown(t.Context()); err != nil || h.inside() != 0 {
			t.Errorf("got %v with %d inside", err, h.inside())
		}
	})
}

// A syncBuffer is a log.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func TestLog(t *testing.T) {
	t.Parallel()
	var log syncBuffer
	h := newTestHandler(t, Options{
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Serve:  func(context.Context, *Stream, Peer) { panic("of a test") },
	})
	ask(h, "GET", pathMCP+"?token="+plannerSecret, asPlanner)
	ask(h, "GET", pathMCP, "Authorization: Bearer "+plannerSecret+"x")
	ask(h, "GET", pathMCP, asPlanner)
	dialRaw(t, startServer(t, h)).closed()
	eventually(t, func() bool { return h.inside() == 0 })
	for _, want := range []string{"request refused", "status=401", "must not stand in a URL", "not upgraded", "panic=\"of a test\"", "handler_test.go"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
	if strings.Contains(log.String(), plannerSecret) {
		t.Errorf("the log has the token:\n%s", log.String())
	}
}

func TestSlowRequestsAreCut(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, sent string
		most       time.Duration
	}{
		{"nothing", "", 6 * time.Second},
		{"half a header", handshake, 6 * time.Second},
		{"a body too late", "POST /ticket HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n" + authorized + "\r\n", 11 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newMemoryListener()
			server := NewServer(newTestHandler(t, Options{}))
			go server.Serve(l)
			defer server.Close()
			conn := l.dial()
			defer conn.Close()
			started := time.Now()
			io.WriteString(conn, test.sent)
			io.Copy(io.Discard, conn)
			if took := time.Since(started); took > test.most {
				t.Errorf("%s: cut after %v", test.name, took)
			}
		})
	}
}

func TestHeadersAreBounded(t *testing.T) {
	t.Parallel()
	conn := connect(t, startServer(t, newTestHandler(t, Options{})))
	defer conn.Close()
	go io.WriteString(conn, handshake+"X: "+strings.Repeat("x", 64<<10)+"\r\n\r\n")
	answer := make([]byte, 12)
	if _, err := io.ReadFull(conn, answer); err != nil && !errors.Is(err, net.ErrClosed) || !bytes.HasSuffix(answer, []byte("431")) {
		t.Errorf("%s, %v", answer, err)
	}
}
