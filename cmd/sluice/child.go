package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/progress"
	"github.com/sluice-dev/sluice/tools/upstream"
	"github.com/sluice-dev/sluice/transport/stdio"
)

// childGrace is how long a server may take to end after its stdin is closed, and
// then again after SIGTERM.
const childGrace = 2 * time.Second

// A child is an MCP server that this process started. It is the stream to it, and it
// ends with the stream (specification 2026-07-28, basic/transports/stdio,
// "Shutdown").
type child struct {
	*stdio.Stream
	cmd   *exec.Cmd
	grace time.Duration // childGrace
	stdin io.Closer
	ended chan struct{} // closed when the process is gone
	once  sync.Once
}

// startChild starts a server that speaks MCP on its stdin and stdout.
func startChild(argv []string, stderr io.Writer) (*child, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stderr = stderr
	cmd.WaitDelay = time.Second // for what it started and left behind with its stderr
	isolate(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, grace: childGrace, stdin: stdin, ended: make(chan struct{})}
	c.Stream = stdio.New(stdout, stdin, stdio.Options{MaxMessage: maxAnswer})
	return c, nil
}

// Close ends the process: it closes its stdin, waits, asks it to end, waits, and
// kills it. Until then what it still writes can be read.
func (c *child) Close(code int, reason string) error {
	c.once.Do(func() {
		_ = c.stdin.Close() // fails only where the process is gone
		go func() {
			// Only here: Wait closes stdout under the hands of whoever reads it.
			_ = c.cmd.Wait() // how it ended is in ProcessState
			close(c.ended)
		}()
		for _, insist := range []func(*exec.Cmd){terminate, kill} {
			select {
			case <-c.ended:
			case <-time.After(c.grace):
				insist(c.cmd)
			}
		}
		<-c.ended
		kill(c.cmd) // what it left behind
	})
	<-c.ended
	return c.Stream.Close(code, reason)
}

// spawn starts a server and connects to it. One that ends at the probe for modern
// servers, as some legacy ones do, is started once more and not probed.
func (t *target) spawn(ctx context.Context, errOut *screen) (*session, error) {
	var err error
	for _, legacy := range []bool{false, true} {
		var s *session
		s, err = t.spawnOnce(ctx, errOut, legacy)
		if !errors.Is(err, upstream.ErrClosed) {
			return s, err
		}
	}
	return nil, err
}

func (t *target) spawnOnce(ctx context.Context, errOut *screen, legacy bool) (*session, error) {
	stderr := t.childLines(errOut)
	c, err := startChild(t.command, stderr)
	if err != nil {
		return nil, &failure{code: exitConnect, err: fmt.Errorf("start the server: %w", err), hint: "after -- comes a program and its arguments"}
	}
	s, err := open(ctx, c, upstream.Options{Legacy: legacy})
	if err != nil {
		stderr.Close()
		if errors.Is(err, upstream.ErrClosed) {
			err = &failure{code: exitConnect, err: fmt.Errorf("%s ended (%v): %w", t.command[0], c.cmd.ProcessState, upstream.ErrClosed),
				hint: "run it by itself: a server on stdio waits for input and prints nothing else"}
		}
		return nil, err
	}
	s.wait = func() { stderr.Close() }
	s.kill = func() { kill(c.cmd) }
	return s, nil
}

// childLines returns what takes a child's stderr: shown line by line, dimmed on a
// terminal.
func (t *target) childLines(errOut *screen) *progress.Lines {
	if t.quiet {
		return progress.NewLines(func(string) {})
	}
	return progress.NewLines(func(line string) {
		fmt.Fprintln(errOut, paint(errOut.stderr, dim, shown(errOut.stderr, line)))
	})
}
