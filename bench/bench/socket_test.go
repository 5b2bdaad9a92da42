package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// TestSocket speaks with a WebSocket library, in every length of frame that differs.
func TestSocket(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"mcp"}})
		if err != nil {
			t.Error(err)
			return
		}
		conn.SetReadLimit(largest)
		for {
			kind, message, err := conn.Read(r.Context())
			if err != nil {
				if websocket.CloseStatus(err) != websocket.StatusNormalClosure {
					t.Error("it did not leave in order:", err)
				}
				return
			}
			answerInParts(t, conn, r, kind, message)
		}
	}))
	t.Cleanup(server.Close)
	at := target{url: strings.Replace(server.URL, "http", "ws", 1) + "/mcp", token: "secret"}
	s, err := at.dial(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 125, 126, 65535, 65536, 1 << 20} {
		text := strings.Repeat("x", n)
		if err := s.write([]byte(text + "\n")); err != nil {
			t.Fatal(err)
		}
		if got, err := s.read(); err != nil || string(got) != text {
			t.Fatalf("%d bytes came back as %d, %v", n, len(got), err)
		}
	}
	if err := s.leave(); err != nil {
		t.Error(err)
	}
	at.token = "wrong"
	if _, err := at.dial(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("a refused upgrade is %v", err)
	}
}

// answerInParts sends the message back in more than one frame.
func answerInParts(t *testing.T, conn *websocket.Conn, r *http.Request, kind websocket.MessageType, message []byte) {
	w, err := conn.Writer(r.Context(), kind)
	if err != nil {
		t.Error(err)
		return
	}
	half := len(message) / 2
	_, err = w.Write(message[:half])
	if err == nil {
		_, err = w.Write(message[half:])
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Error(err)
	}
}

// TestSocketAnswersPings has the server wait for a pong.
func TestSocketAnswersPings(t *testing.T) {
	t.Parallel()
	ponged := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			ponged <- err
			return
		}
		ctx := conn.CloseRead(r.Context())
		ponged <- conn.Ping(ctx)
		_ = conn.Close(websocket.StatusGoingAway, "")
	}))
	t.Cleanup(server.Close)
	s, err := target{url: strings.Replace(server.URL, "http", "ws", 1) + "/mcp"}.dial(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	if _, err := s.read(); err == nil || !strings.Contains(err.Error(), errClosed.Error()) {
		t.Errorf("the server's close is %v", err)
	}
	if err := <-ponged; err != nil {
		t.Errorf("no pong: %v", err)
	}
}
