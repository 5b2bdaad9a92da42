package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
)

// TestTopEndsACall watches a server on a terminal, and ends a call from there.
func TestTopEndsACall(t *testing.T) {
	t.Parallel()
	s := serve(t)
	client := s.connect(s.token)
	client.ask(call(1, "countdown", object{"from": 600, "interval_ms": 200}), `"progress":`)
	shown, terminal := newTerminal(t)
	done := make(chan int, 1)
	go func() {
		done <- run(t.Context(), []string{"top", "--url", s.base, "--token", s.token, "--interval", "100ms"}, terminal, terminal, io.Discard)
	}()
	if err := shown.SetReadDeadline(time.Now().Add(soon)); err != nil {
		t.Fatal(err)
	}
	seen := ""
	step := func(key, until string) {
		t.Helper()
		if _, err := io.WriteString(shown, key); err != nil {
			t.Fatal(err)
		}
		buffer := make([]byte, 64<<10)
		for !strings.Contains(seen, until) {
			n, err := shown.Read(buffer)
			if err != nil {
				t.Fatalf("no %q at the end of %q: %v", until, seen[max(len(seen)-1500, 0):], err)
			}
			seen += string(buffer[:n])
		}
		seen = ""
	}
	step("", "countdown")
	step("x", "choose a call first")
	step("j", "> ")
	step("x", "x again ends")
	step("x", "ended")
	step("q", leaveScreen)
	if code := <-done; code != exitOK {
		t.Errorf("exit code %d", code)
	}
	answer, err := client.stream.Read(client.ctx)
	for ; err == nil && !strings.Contains(string(answer), `"result"`); answer, err = client.stream.Read(client.ctx) {
	}
	if err != nil || !strings.Contains(string(answer), "stopped by whoever runs the server") {
		t.Errorf("the caller is told %s, %v", answer, err)
	}
}

// TestTopPrints checks what is printed for people, for scripts, and where it is refused.
func TestTopPrints(t *testing.T) {
	t.Parallel()
	s := serve(t)
	client := s.connect(s.token)
	client.ask(call(1, "countdown", object{"from": 600, "interval_ms": 200}), `"progress":`)
	top := func(want int, text string, args ...string) {
		t.Helper()
		var out, errOut bytes.Buffer
		code := run(t.Context(), append([]string{"top", "--url", s.base, "--interval", "100ms"}, args...), nil, &out, &errOut)
		if code != want || !strings.Contains(out.String()+errOut.String(), text) {
			t.Errorf("%q: exit code %d, and:\n%s%s", args, code, &out, &errOut)
		}
	}
	top(exitOK, "1 of 64 slots", "--token", s.token)
	top(exitOK, `"state":"running"`, "--token", s.token, "--json")
	top(exitConnect, "SLUICE_TOKEN", "--token", "wrong-wrong-wrong-wrong")
	top(exitFailure, "sluice top --once", "--token", s.token, "--cancel", "none")
	top(exitUsage, "--interval must be", "--token", s.token, "--interval", "1ms")
	top(exitUsage, "is not the URL", "--url", "ftp://tools.example")
	top(exitConnect, "nothing listens", "--url", "127.0.0.1:1")
	top(exitUsage, "unencrypted", "--url", "http://tools.example", "--token", "x")
}
