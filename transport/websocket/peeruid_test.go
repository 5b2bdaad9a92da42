//go:build linux || darwin || freebsd

package websocket

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// listenUnix listens on a UNIX socket with a short name.
func listenUnix(t testing.TB) (net.Listener, string) {
	t.Helper()
	directory, err := os.MkdirTemp("", "s") // t.TempDir can be longer than an address may be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(directory) })
	path := filepath.Join(directory, "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	return l, path
}

// wrapped is a connection within another.
type wrapped struct{ net.Conn }

func (w wrapped) NetConn() net.Conn { return w.Conn }

func TestPeerUID(t *testing.T) {
	t.Parallel()
	type answer struct {
		uid uint32
		ok  bool
	}
	answers := make(chan answer, 1)
	server := NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		uid, ok := PeerUID(r.Context())
		answers <- answer{uid, ok}
	}))
	over := func(l net.Listener, dial func() (net.Conn, error)) answer {
		t.Helper()
		go server.Serve(l)
		conn, err := dial()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := httptest.NewRequest("GET", "/", nil).Write(conn); err != nil {
			t.Fatal(err)
		}
		return <-answers
	}
	defer server.Close()
	l, path := listenUnix(t)
	if got := over(l, func() (net.Conn, error) { return net.Dial("unix", path) }); got != (answer{uint32(os.Getuid()), true}) {
		t.Errorf("over a UNIX socket: %v", got)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if got := over(tcp, func() (net.Conn, error) { return net.Dial("tcp", tcp.Addr().String()) }); got.ok {
		t.Errorf("over TCP: %v", got)
	}
	l, path = listenUnix(t)
	defer l.Close()
	client, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if uid, ok := PeerUID(withPeerUID(t.Context(), wrapped{wrapped{client}})); !ok || uid != uint32(os.Getuid()) {
		t.Errorf("within others: %d, %v", uid, ok)
	}
}
