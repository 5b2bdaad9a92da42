//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// atOnce is how long a busy machine may take for what takes 10 ms. It is less than
// what a program that ignores SIGTERM has until it is killed.
const atOnce = 1500 * time.Millisecond

// stubborn is a config with a tool that ignores SIGTERM, and whose child does, too. The
// tool says in a file of the directory that it runs.
func stubborn(t *testing.T) (config, dir string) {
	dir = t.TempDir()
	script := holding(t, dir) + `trap '' TERM; sleep 600 & echo $! > child; echo $$ > leader; wait`
	return writeFile(t, fmt.Sprintf("tools: [{name: stay, command: [sh, -c, %q], dir: %q, timeout: 1h}]", script, dir)), dir
}

// holding returns the beginning of a script which holds a pipe of dir open, as all that
// it starts does: that is how they are known to be alive, since process ids mean nothing
// outside of their namespace.
func holding(t *testing.T, dir string) string {
	t.Helper()
	pipe := filepath.Join(dir, "alive")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Open(pipe, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	return "exec 9>" + pipe + "; "
}

// wantGone fails the test where a process is alive that holds the pipe of dir.
func wantGone(t *testing.T, dir string) {
	t.Helper()
	fd, err := syscall.Open(filepath.Join(dir, "alive"), syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	for deadline := time.Now().Add(soon); ; <-time.After(10 * time.Millisecond) {
		if n, err := syscall.Read(fd, make([]byte, 1)); n == 0 && err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a process is alive")
		}
	}
}

// awaitPID reads a process id that is being written.
func awaitPID(t *testing.T, path string) int {
	t.Helper()
	for deadline := time.Now().Add(soon); time.Now().Before(deadline); <-time.After(10 * time.Millisecond) {
		text, _ := os.ReadFile(path)
		if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			return pid
		}
	}
	t.Fatalf("nothing in %s", path)
	return 0
}

func TestStdioSIGTERMLetsCallsFinish(t *testing.T) {
	t.Parallel()
	p := start(t, "stdio")
	p.send(handshake...)
	p.send(call(1, "countdown", object{"from": 10, "interval_ms": 100}))
	p.until(`"progress":1`)
	p.signal(syscall.SIGTERM)
	p.stderr.await(t, "stopping")
	refused := false
	for id := 2; !refused; id++ { // from some moment on
		p.send(call(id, "echo", object{"text": "too late"}))
		refused = strings.Contains(p.until(fmt.Sprintf(`"id":%d,`, id)), "shutting_down")
	}
	out := strings.Join(p.wantExit(exitOK), "\n")
	if !strings.Contains(out, "Counted down from 10.") {
		t.Errorf("no answer in:\n%s", out)
	}
}

func TestStdioSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	config, dir := stubborn(t)
	p := start(t, "stdio", "--config", config)
	p.send(append(handshake, call(1, "stay", object{}))...)
	awaitPID(t, filepath.Join(dir, "leader"))
	awaitPID(t, filepath.Join(dir, "child"))
	p.signal(syscall.SIGINT)
	p.stderr.await(t, "stopping")
	p.signal(syscall.SIGINT)
	signalled := time.Now()
	p.wantExit(exitFailure)
	if took := time.Since(signalled); took > atOnce {
		t.Errorf("it took %v", took)
	}
	if !strings.Contains(p.stderr.String(), errStopForced.Error()) {
		t.Errorf("stderr:\n%s", p.stderr)
	}
	wantGone(t, dir)
}

func TestStdioChildrenEndWithIt(t *testing.T) {
	t.Parallel()
	ends := map[string]func(*process){
		"end of input": func(p *process) { p.stdin.Close() },
		"SIGTERM":      func(p *process) { p.signal(syscall.SIGTERM) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, dir := stubborn(t)
			p := start(t, "stdio", "--config", config, "--grace", "200ms")
			p.send(append(handshake, call(1, "stay", object{}))...)
			awaitPID(t, filepath.Join(dir, "leader"))
			awaitPID(t, filepath.Join(dir, "child"))
			end(p)
			p.wantExit(exitOK)
			wantGone(t, dir)
		})
	}
}

// It has nothing to write, and is to notice all the same.
func TestStdioClosedStdoutEndsInOrder(t *testing.T) {
	t.Parallel()
	config, dir := stubborn(t)
	p := start(t, "stdio", "--config", config)
	p.send(append(handshake, call(1, "stay", object{}))...)
	p.until(`"hello"`)
	awaitPID(t, filepath.Join(dir, "leader"))
	awaitPID(t, filepath.Join(dir, "child"))
	p.stdout.Close()
	p.wantExit(exitFailure)
	if !strings.Contains(p.stderr.String(), "broken pipe") {
		t.Errorf("stderr:\n%s", p.stderr)
	}
	wantGone(t, dir)
}
