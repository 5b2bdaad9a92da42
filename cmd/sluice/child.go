package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/progress"
	"github.com/sluice-dev/sluice/tools/upstream"
	"github.com/sluice-dev/sluice/transport/stdio"
)

// childGrace is how long a server may take to end after its stdin is closed, and
// then again after SIGTERM.
const childGrace = 2 * time.Second

// unreadyGrace is how long a program may take to end after its stdin is closed where
// it has not answered the handshake: it has nothing to finish, and may be no server.
const unreadyGrace = 200 * time.Millisecond

// A child is an MCP server that this process started. It is the stream to it, and it
// ends with the stream (specification 2026-07-28, basic/transports/stdio,
// "Shutdown").
type child struct {
	*stdio.Stream
	cmd   *exec.Cmd
	grace time.Duration // childGrace
	spoke atomic.Bool   // it has sent a message, or what could be one
	ready atomic.Bool   // it has answered the handshake
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

func (c *child) Read(ctx context.Context) ([]byte, error) {
	message, err := c.Stream.Read(ctx)
	if err == nil {
		c.spoke.Store(true)
	}
	return message, err
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
		c.insist(c.leave(), terminate)
		c.insist(c.grace, kill)
		<-c.ended
		kill(c.cmd) // what it left behind
	})
	<-c.ended
	return c.Stream.Close(code, reason)
}

// leave is how long the process may take to end of itself.
func (c *child) leave() time.Duration {
	if c.ready.Load() {
		return c.grace
	}
	return min(c.grace, unreadyGrace)
}

// insist ends the process by force unless it ends in time.
func (c *child) insist(after time.Duration, force func(*exec.Cmd)) {
	select {
	case <-c.ended:
	case <-time.After(after):
		force(c.cmd)
	}
}

// spawn starts a server and connects to it. One that ends at the probe for modern
// servers, as some legacy ones do, is started once more and not probed.
func (t *target) spawn(ctx, forced context.Context, errOut *screen) (*session, error) {
	var err error
	for _, legacy := range []bool{false, true} {
		var s *session
		s, err = t.spawnOnce(ctx, forced, errOut, legacy)
		if !errors.Is(err, upstream.ErrClosed) {
			return s, err
		}
	}
	return nil, err
}

func (t *target) spawnOnce(ctx, forced context.Context, errOut *screen, legacy bool) (*session, error) {
	stderr := t.childLines(errOut)
	c, err := startChild(t.command, stderr)
	if err != nil {
		return nil, &failure{code: exitConnect, err: fmt.Errorf("start the server: %w", err), hint: "after -- comes a program and its arguments"}
	}
	defer context.AfterFunc(forced, func() { kill(c.cmd) })()
	s, err := open(ctx, c, upstream.Options{Legacy: legacy})
	if err != nil {
		stderr.Close()
		return nil, t.childFailure(ctx, c, err)
	}
	c.ready.Store(true)
	s.wait = func() { stderr.Close() }
	s.kill = func() { kill(c.cmd) }
	return s, nil
}

// childFailure says of a program that could not be connected to what is known of it.
func (t *target) childFailure(ctx context.Context, c *child, err error) error {
	overdue, isOverdue := errors.AsType[*failure](context.Cause(ctx))
	switch {
	case isOverdue && !c.spoke.Load():
		return &failure{code: overdue.code, err: fmt.Errorf("%w: %s said nothing on stdout", overdue, t.command[0]), hint: overdue.hint}
	case errors.Is(err, upstream.ErrClosed):
		return &failure{code: exitConnect, err: fmt.Errorf("%s ended (%v): %w", t.command[0], c.cmd.ProcessState, upstream.ErrClosed),
			hint: "run it by itself: a server on stdio waits for input and prints nothing else"}
	}
	return err
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
