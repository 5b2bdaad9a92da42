//go:build unix

package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// socketPath is a path that is short enough for a socket.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// abandon leaves a socket that nobody listens on, as a server does that is killed.
func abandon(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

func TestUnixSocketIsPrivateAndRemoved(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	l, err := listen("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	l.Close()
	l.Close()
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("after Close: %v", err)
	}
}

func TestUnixSocketOfADeadServerIsTakenOver(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	abandon(t, path)
	l, err := listen("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// Whatever else is there stays as it was, and the error says what it is.
func TestUnixSocketThatIsNotOurs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, want string
		make       func(path string) error
	}{
		{"of a server that lives", "is in use", func(path string) error {
			l, err := net.Listen("unix", path)
			if err == nil {
				t.Cleanup(func() { l.Close() })
			}
			return err
		}},
		{"a file", "no UNIX socket", func(path string) error { return os.WriteFile(path, []byte("keep"), 0o600) }},
		{"a directory", "no UNIX socket", func(path string) error { return os.Mkdir(path, 0o700) }},
		{"a link to a socket", "no UNIX socket", func(path string) error {
			abandon(t, path+".target")
			return os.Symlink(path+".target", path)
		}},
		{"a path too long", "cannot listen on the UNIX socket", func(path string) error { return nil }},
		{"in no directory", "no such file", func(path string) error { return os.Remove(filepath.Dir(path)) }},
		{"of another user", "belongs to another user", func(path string) error {
			abandon(t, path)
			if os.Geteuid() != 0 {
				return nil
			}
			return os.Lchown(path, 65534, 65534)
		}},
	} {
		if test.name == "of another user" && os.Geteuid() != 0 {
			continue // only root can give files away
		}
		path := socketPath(t)
		if test.name == "a path too long" {
			path += strings.Repeat("x", 200)
		}
		if err := test.make(path); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		before, _ := os.Lstat(path)
		l, err := listen("unix:" + path)
		if err == nil {
			l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
		after, _ := os.Lstat(path)
		if (before == nil) != (after == nil) || before != nil && !os.SameFile(before, after) {
			t.Errorf("%s: what was there is gone", test.name)
		}
	}
}

// A listener whose file was taken away does not remove that of its successor.
func TestUnixSocketOfASuccessorStays(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	first, err := listen("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".old"); err != nil { // keeps its number from being used again
		t.Fatal(err)
	}
	second, err := listen("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	first.Close()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// TestServeOnASocketOverItsLife checks what operators see: the socket serves, a second
// server is refused, one that is killed leaves a file that the next takes over, and one
// that is stopped leaves none.
func TestServeOnASocketOverItsLife(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	address := "unix:" + path
	first := start(t, "serve", "--listen", address)
	first.until("Serving 2 tools at " + address)
	if code, out, errOut := runCommand(t, "call", "--url", address, "echo", "text=hi"); code != exitOK || out != "hi\n" {
		t.Errorf("got %d, %q, %q", code, out, errOut)
	}
	second := start(t, "serve", "--listen", address)
	second.wantExit(exitFailure)
	if want := "the UNIX socket " + path + " is in use"; !strings.Contains(second.stderr.String(), want) {
		t.Errorf("no %q in:\n%s", want, second.stderr)
	}
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	first.exit()
	third := start(t, "serve", "--listen", address)
	third.until("Serving 2 tools at " + address)
	if err := third.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	third.wantExit(exitOK)
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("after the end: %v", err)
	}
	code, _, errOut := runCommand(t, "call", "--url", address, "echo", "text=hi")
	if code != exitConnect || !strings.Contains(errOut, "nothing listens at "+address) {
		t.Errorf("without a server: %d, %s", code, errOut)
	}
}
