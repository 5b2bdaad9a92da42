//go:build unix

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// graceOfChildren is how long a server may take to end after its stdin is closed.
const graceOfChildren = 2 * time.Second

func TestMuteProgramIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, script, want string }{
		{"silent", "exec sleep 600", "the server did not answer the handshake within 100ms: sh said nothing on stdout\n"},
		{"no server", "echo hello; exec sleep 600", "the server did not answer the handshake within 100ms\n"},
	} {
		for _, command := range [][]string{{"tools"}, {"call", "echo", "text=x"}} {
			t.Run(test.name+" "+command[0], func(t *testing.T) {
				t.Parallel()
				start := time.Now()
				code, out, errOut := runCommand(t, append(command, "-t", "100ms", "--", "sh", "-c", test.script)...)
				if code != exitFailure || out != "" || !strings.HasPrefix(errOut, "sluice: "+test.want+"hint: is it an MCP server?") {
					t.Errorf("got %d, %q and:\n%s", code, out, errOut)
				}
				if took := time.Since(start); took > graceOfChildren {
					t.Errorf("it took %v", took)
				}
			})
		}
	}
}

func TestServersHaveTimeToAnswer(t *testing.T) {
	t.Parallel()
	for given, want := range map[time.Duration]struct {
		limit time.Duration
		code  int
	}{
		0:           {10 * time.Second, exitConnect},
		time.Minute: {time.Minute, exitFailure},
	} {
		limit, err := (&target{timeout: given}).patience()
		overdue, _ := errors.AsType[*failure](err)
		if limit != want.limit || overdue.code != want.code || !strings.HasSuffix(err.Error(), "within "+want.limit.String()) {
			t.Errorf("--timeout %v: got %v, %+v", given, limit, overdue)
		}
	}
}

// A mute program is ended by the first signal, one that ignores SIGTERM by the second.
func TestMuteProgramIsInterrupted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, trap string
		signals    []syscall.Signal
	}{
		{"Ctrl-C", "", []syscall.Signal{syscall.SIGINT}},
		{"SIGTERM", "", []syscall.Signal{syscall.SIGTERM}},
		{"twice", "trap '' TERM; ", []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			program := newTether(t)
			p := start(t, "tools", "--", "sh", "-c", program.hold()+test.trap+"while read -r l; do echo got >&2; done; echo eof >&2; sleep 600")
			p.stderr.await(t, "got\n")
			signalled := time.Now()
			p.signal(test.signals[0])
			if len(test.signals) > 1 {
				p.stderr.await(t, "eof\n")
				p.signal(test.signals[1])
			}
			p.wantExit(exitInterrupted)
			if took := time.Since(signalled); took > graceOfChildren {
				t.Errorf("it took %v", took)
			}
			program.wantGone()
		})
	}
}

// The server cannot say whose request it could not read, and is the only one who can
// say that it is too long.
func TestRequestTooLongForTheServer(t *testing.T) {
	t.Parallel()
	long := filepath.Join(t.TempDir(), "long")
	if err := os.WriteFile(long, []byte(strings.Repeat("a", 5<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errOut := runCommand(t, "call", "echo", "text=@"+long, "--", binary, "stdio")
	if code != exitConnect || out != "" || !strings.Contains(errOut, "could not read the request") || !strings.Contains(errOut, "hint: it may take no request this long: send less") {
		t.Errorf("got %d, %q and:\n%s", code, out, errOut)
	}
}
