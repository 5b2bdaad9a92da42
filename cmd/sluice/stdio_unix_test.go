//go:build unix

package main

import (
	"fmt"
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
// tool says on its tether that it runs.
func stubborn(t *testing.T) (config string, tool *tether) {
	t.Helper()
	tool = newTether(t)
	script := tool.hold() + `trap '' TERM; sleep 600 & echo runs >&9; wait`
	return writeFile(t, fmt.Sprintf("tools: [{name: stay, command: [sh, -c, %q], timeout: 1h}]", script)), tool
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
	config, tool := stubborn(t)
	p := start(t, "stdio", "--config", config)
	p.send(append(handshake, call(1, "stay", object{}))...)
	tool.next()
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
	tool.wantGone()
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
			config, tool := stubborn(t)
			p := start(t, "stdio", "--config", config, "--grace", "200ms")
			p.send(append(handshake, call(1, "stay", object{}))...)
			tool.next()
			end(p)
			p.wantExit(exitOK)
			tool.wantGone()
		})
	}
}

// It has nothing to write, and is to notice all the same.
func TestStdioClosedStdoutEndsInOrder(t *testing.T) {
	t.Parallel()
	config, tool := stubborn(t)
	p := start(t, "stdio", "--config", config)
	p.send(append(handshake, call(1, "stay", object{}))...)
	p.until(`"hello"`)
	tool.next()
	p.stdout.Close()
	p.wantExit(exitFailure)
	if !strings.Contains(p.stderr.String(), "broken pipe") {
		t.Errorf("stderr:\n%s", p.stderr)
	}
	tool.wantGone()
}
