package websocket

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	plannerSecret = "planner-0123456789"
	writerSecret  = "writer-0123456789"
)

// testTokens are those of the callers planner and writer.
func testTokens(t testing.TB) *Tokens {
	t.Helper()
	tokens, err := NewTokens(Token{"planner", plannerSecret}, Token{"writer", writerSecret})
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

// echo serves a connection by sending every message back, until there are no more.
func echo(ctx context.Context, s *Stream, _ Peer) {
	for {
		msg, err := s.Read(ctx)
		var skipped *MessageError
		if errors.As(err, &skipped) {
			msg = []byte("skipped: " + skipped.Skipped())
		} else if err != nil {
			return
		}
		if s.Write(ctx, msg) != nil {
			return
		}
	}
}

// newTestHandler returns a handler that echoes, unless opts say otherwise, and is
// shut down when the test ends.
func newTestHandler(t testing.TB, opts Options) *Handler {
	t.Helper()
	if opts.Tokens == nil {
		opts.Tokens = testTokens(t)
	}
	if opts.Serve == nil {
		opts.Serve = echo
	}
	h, err := NewHandler(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Shutdown(context.Background()) })
	return h
}

// startServer serves the handler on loopback and returns the URL of its /mcp.
func startServer(t testing.TB, h *Handler) string {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.Config = NewServer(h)
	server.Listener = h.Bound(server.Listener)
	server.Start()
	t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http") + pathMCP
}

// dialTest connects as planner and closes the connection when the test ends.
func dialTest(t testing.TB, url string) *Stream {
	t.Helper()
	s, err := Dial(t.Context(), url, DialOptions{Token: plannerSecret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(1000, "") })
	return s
}

// exchange sends a message and returns the answer.
func exchange(t testing.TB, s *Stream, msg string) string {
	t.Helper()
	if err := s.Write(t.Context(), []byte(msg)); err != nil {
		t.Fatalf("write: %v", err)
	}
	got, err := s.Read(context.Background())
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return string(got)
}
