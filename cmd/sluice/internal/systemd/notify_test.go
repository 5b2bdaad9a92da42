//go:build unix

package systemd

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// manager is the other end of a notifier.
func manager(t *testing.T, variables map[string]string) (*Notifier, *net.UnixConn) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(15 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return newNotifier(func(name string) string {
		if name == "NOTIFY_SOCKET" {
			return path
		}
		return variables[name]
	}, 7), conn
}

func hear(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	b := make([]byte, 1000)
	n, err := conn.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

func TestTell(t *testing.T) {
	t.Parallel()
	n, conn := manager(t, nil)
	if err := n.Tell(Ready, Status("2 tools\nserved")); err != nil {
		t.Fatal(err)
	}
	if got := hear(t, conn); got != "READY=1\nSTATUS=2 tools served" {
		t.Errorf("heard %q", got)
	}
	if err := n.Tell(Reloading()); err != nil {
		t.Fatal(err)
	}
	if got := hear(t, conn); !strings.HasPrefix(got, "RELOADING=1\nMONOTONIC_USEC=") || strings.HasSuffix(got, "=") {
		t.Errorf("heard %q", got)
	}
	conn.Close()
	if err := n.Tell(Ready); err == nil {
		t.Error("nobody listens, and it does not say so")
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	n, conn := manager(t, map[string]string{"WATCHDOG_USEC": "20000", "WATCHDOG_PID": "7"})
	var looked atomic.Int64
	stop := n.Watch(func() { looked.Add(1) })
	for range 2 {
		if got := hear(t, conn); got != "WATCHDOG=1" {
			t.Errorf("heard %q", got)
		}
	}
	stop()
	if looked.Load() < 2 {
		t.Error("it has not looked")
	}
}

// TestWatchHangs has a service that hangs: it must not be said to be alive.
func TestWatchHangs(t *testing.T) {
	t.Parallel()
	n, conn := manager(t, map[string]string{"WATCHDOG_USEC": "2000"})
	hangs, asked := make(chan struct{}), make(chan struct{}, 1000)
	stop := n.Watch(func() { asked <- struct{}{}; <-hangs })
	<-asked
	if err := n.Tell("LAST=1"); err != nil {
		t.Fatal(err)
	}
	if got := hear(t, conn); got != "LAST=1" {
		t.Errorf("heard %q", got)
	}
	close(hangs)
	stop()
}

func TestNoManager(t *testing.T) {
	t.Parallel()
	for name, variables := range map[string]map[string]string{
		"none":                   {},
		"a socket of a machine":  {"NOTIFY_SOCKET": "vsock:2:1"},
		"a watchdog for another": {"NOTIFY_SOCKET": "/none", "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "8"},
		"a watchdog of nonsense": {"NOTIFY_SOCKET": "/none", "WATCHDOG_USEC": "soon"},
	} {
		n := newNotifier(func(name string) string { return variables[name] }, 7)
		if n != nil && n.every != 0 {
			t.Errorf("%s: every %v", name, n.every)
		}
		if err := n.Tell(Ready); n == nil && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		n.Watch(func() { t.Error("watched") })()
	}
}

// TestSockets sees what environment is for this process. That sockets are taken over is
// tested with a process of its own, in cmd/sluice.
func TestSockets(t *testing.T) {
	t.Parallel()
	for name, variables := range map[string]map[string]string{
		"none":        {},
		"for another": {"LISTEN_FDS": "1", "LISTEN_PID": "8"},
		"nonsense":    {"LISTEN_FDS": "many", "LISTEN_PID": "7"},
		"negative":    {"LISTEN_FDS": "-1", "LISTEN_PID": "7"},
	} {
		p := newPassed(func(name string) string { return variables[name] }, 7)
		if _, err := p.listen("x"); err == nil || !strings.Contains(err.Error(), "no socket on to this process") {
			t.Errorf("%s: %v", name, err)
		}
	}
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	p := &passed{files: map[string][]*os.File{"mcp": {file}}}
	if _, err := p.listen("x"); err == nil || !strings.Contains(err.Error(), `"x", but mcp`) {
		t.Errorf("another: %v", err)
	}
	if _, err := p.listen("mcp"); err == nil || !strings.Contains(err.Error(), "none to accept streams from") {
		t.Errorf("no socket: %v", err)
	}
}
