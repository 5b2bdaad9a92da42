package websocket

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

func (l *lobby) inside() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// hungUp reports whether the other side has closed the connection.
func hungUp(conn net.Conn) bool {
	conn.SetReadDeadline(time.Now().Add(patience))
	_, err := conn.Read(make([]byte, 1))
	return err == io.EOF || errors.Is(err, syscall.ECONNRESET)
}

// Connections that say nothing have room beyond the caps, which is bounded too. Those
// that are let in are not touched, and as the others go there is room again.
func TestSilentConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	for name, caps := range map[string]Caps{"server": {Connections: 10}, "address": {PerAddress: 10}} {
		h := newTestHandler(t, Options{Caps: caps})
		url := startServer(t, h)
		inside := dialTest(t, url)
		most := room(10)
		var quiet []net.Conn
		for range most - 1 {
			conn := connect(t, url)
			defer conn.Close()
			quiet = append(quiet, conn)
		}
		eventually(t, func() bool { return h.lobby.inside() == most })
		for range 20 {
			conn := connect(t, url)
			if !hungUp(conn) {
				t.Errorf("%s: one more connection stays", name)
			}
			conn.Close()
		}
		if got := exchange(t, inside, "{}"); got != "{}" {
			t.Errorf("%s: a connection that is let in says %q", name, got)
		}
		for _, conn := range quiet {
			conn.Close()
		}
		eventually(t, func() bool { return h.lobby.inside() == 1 })
		dialTest(t, url)
	}
}

// Through a proxy come many, so its address has no cap of its own; the server has.
func TestSilentConnectionsOfAProxy(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{Caps: Caps{Connections: 200, PerAddress: 1}, Proxies: []string{"127.0.0.1"}})
	url := startServer(t, h)
	for range room(200) {
		defer connect(t, url).Close()
	}
	eventually(t, func() bool { return h.lobby.inside() == room(200) })
	conn := connect(t, url)
	defer conn.Close()
	if !hungUp(conn) {
		t.Error("one more connection stays")
	}
}
