package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// soon is how long a test waits for what should happen at once, on a busy machine.
const soon = 15 * time.Second

// A process is the built program, running.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.ReadCloser
	lines  chan string // of stdout; closed at its end
	stderr *record
}

// A record collects what is written, for another goroutine to read.
type record struct {
	mu      sync.Mutex
	text    strings.Builder
	written chan struct{} // has a value after a write
}

func newRecord() *record { return &record{written: make(chan struct{}, 1)} }

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case r.written <- struct{}{}:
	default:
	}
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// await returns when the record holds text.
func (r *record) await(t *testing.T, text string) {
	t.Helper()
	r.awaitTimes(t, text, 1)
}

// awaitTimes returns when the record holds text so many times.
func (r *record) awaitTimes(t *testing.T, text string, n int) {
	t.Helper()
	deadline := time.After(soon)
	for strings.Count(r.String(), text) < n {
		select {
		case <-r.written:
		case <-deadline:
			t.Fatalf("not %d times %q in:\n%s", n, text, r)
		}
	}
}

// start runs the program.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	return startCommand(t, exec.Command(binary, args...))
}

// startCommand runs a command, which is given its streams.
func startCommand(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, lines: make(chan string, 1000), stderr: newRecord()}
	p.cmd.Stderr = p.stderr
	p.cmd.Dir = t.TempDir()
	p.cmd.WaitDelay = soon
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if p.stdout, err = p.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	go func() {
		defer close(p.lines)
		scanner := bufio.NewScanner(p.stdout)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			p.lines <- scanner.Text()
		}
	}()
	return p
}

// send writes messages, one a line.
func (p *process) send(messages ...string) {
	p.t.Helper()
	for _, m := range messages {
		if _, err := io.WriteString(p.stdin, m+"\n"); err != nil {
			p.t.Fatal(err)
		}
	}
}

// next returns the next line of stdout.
func (p *process) next() string {
	p.t.Helper()
	select {
	case line, ok := <-p.lines:
		if !ok {
			p.t.Fatalf("stdout has ended; stderr:\n%s", p.stderr)
		}
		return line
	case <-time.After(soon):
		p.t.Fatalf("nothing on stdout; stderr:\n%s", p.stderr)
	}
	panic("unreachable")
}

// until returns the first line of stdout that holds text.
func (p *process) until(text string) string {
	p.t.Helper()
	for {
		if line := p.next(); strings.Contains(line, text) {
			return line
		}
	}
}

// exit waits for the end of the process and returns its code and what was left on
// stdout.
func (p *process) exit() (code int, rest []string) {
	p.t.Helper()
	deadline := time.After(soon)
	for open := true; open; {
		var line string
		select {
		case line, open = <-p.lines:
			if open {
				rest = append(rest, line)
			}
		case <-deadline:
			p.t.Fatalf("the process does not end; stderr:\n%s", p.stderr)
		}
	}
	err := p.cmd.Wait()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return failed.ExitCode(), rest
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return 0, rest
}

// wantExit fails the test where the process does not end with this code.
func (p *process) wantExit(want int) (rest []string) {
	p.t.Helper()
	code, rest := p.exit()
	if code != want {
		p.t.Fatalf("exit code %d, want %d; stderr:\n%s", code, want, p.stderr)
	}
	return rest
}

// writeFile writes a file for one test.
func writeFile(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// handshake is what a legacy client opens with.
var handshake = []string{
	`{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`,
	`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
}

// call is the message that calls a tool, asking for progress under its id.
func call(id int, tool string, arguments any) string {
	text, err := json.Marshal(arguments)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":%s,"_meta":{"progressToken":%d}}}`, id, tool, text, id)
}
