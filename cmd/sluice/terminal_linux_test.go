package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// newTerminal opens a terminal; what is written to it is read from the returned file.
func newTerminal(t *testing.T) (shown, terminal *os.File) {
	t.Helper()
	shown, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	t.Cleanup(func() { shown.Close() })
	raw, err := shown.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	number, failed := 0, error(nil)
	if err := raw.Control(func(fd uintptr) {
		if failed = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); failed == nil {
			number, failed = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	}); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	t.Cleanup(func() { terminal.Close() })
	return shown, terminal
}

// onTerminal runs a command whose standard error is a terminal, and returns what that
// shows up to the text.
func onTerminal(t *testing.T, until string, args ...string) (code int, seen string) {
	t.Helper()
	shown, terminal := newTerminal(t)
	code = run(t.Context(), args, nil, &bytes.Buffer{}, terminal)
	if err := shown.SetReadDeadline(time.Now().Add(soon)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 4096)
	for !strings.Contains(seen, until) {
		n, err := shown.Read(buffer)
		if err != nil {
			t.Fatalf("no %q in %q: %v", until, seen, err)
		}
		seen += string(buffer[:n])
	}
	return code, seen
}

// TestCallTellsATerminal checks what a person is told and a script is not: when to try
// again, and that a result was kept.
func TestCallTellsATerminal(t *testing.T) {
	t.Parallel()
	s := newOddServer(t)
	for tool, until := range map[string]string{"refused": "try again in 1.5s", "kept": "(from the server's cache)"} {
		args := []string{"call", tool, "--url", s.url, "--token", oddToken}
		code, seen := onTerminal(t, until, args...)
		if refused := tool == "refused"; (code != exitOK) != refused || refused != strings.Contains(seen, "hint:") {
			t.Errorf("%s: exit code %d, and %q", tool, code, seen)
		}
		if _, out, errOut := s.run(t, "call", tool); strings.Contains(out+errOut, until) {
			t.Errorf("%s: a pipe is told as well: %s%s", tool, out, errOut)
		}
		if _, out, _ := s.run(t, "call", tool, "--json"); !strings.Contains(out, `"dev.sluice/`) {
			t.Errorf("%s: as JSON: %s", tool, out)
		}
	}
}

// TestErrorsAreInertOnATerminal checks that the words of a tool that failed move no
// cursor.
func TestErrorsAreInertOnATerminal(t *testing.T) {
	t.Parallel()
	s := newOddServer(t)
	if _, seen := onTerminal(t, "malice", "call", "malicious", "--url", s.url, "--token", oddToken); strings.Contains(seen, "\x1b]") {
		t.Errorf("got %q", seen)
	}
}
