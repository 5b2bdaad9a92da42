package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// A server is a program to be measured, with its arguments.
type server struct {
	name    string
	program program
	args    []string
	home    bool // keeps files, each process in a directory of its own
	socket  bool // serves WebSocket, not stdio
	later   bool // answers before it has its tools
}

func (p program) serves(name string, args ...string) server {
	return server{name: name, program: p, args: args}
}

func (s server) atHome() server     { s.home = true; return s }
func (s server) overSocket() server { s.socket = true; return s }

func (s server) filledLater() server { s.later = true; return s }

// counting is the same server, built so that it tells what it allocates.
func (s server) counting() server { s.program.path = s.program.counted; return s }

// of is the same server under another name, of another program.
func (s server) of(name string, p program) server { s.name, s.program = name, p; return s }

// with is the same server with more arguments.
func (s server) with(args ...string) server {
	s.args = append(s.args[:len(s.args):len(s.args)], args...)
	return s
}

// A running server is one process of it.
type running struct {
	gauge
	cmd    *exec.Cmd
	socket bool // serves WebSocket
	later  bool // answers before it has its tools
	in     io.WriteCloser
	out    *bufio.Reader
	stderr *tail
	home   string
}

// start starts a process, with more variables in its environment.
func (s server) start(ctx context.Context, env ...string) (*running, error) {
	r := &running{cmd: exec.CommandContext(ctx, s.program.path, s.args...), socket: s.socket, later: s.later, stderr: &tail{}}
	r.cmd.Env = append(os.Environ(), env...)
	r.cmd.Stderr = r.stderr
	if s.home {
		if err := r.moveIn(); err != nil {
			return nil, err
		}
	}
	var err error
	if r.in, err = r.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.out = bufio.NewReaderSize(out, 1<<20)
	if err := r.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(r.home))
	}
	r.gauge, err = newGauge(r.cmd.Process.Pid)
	return r, err
}

// moveIn gives the process directories of its own: the history and the like of the
// user who measures are left alone, and each process begins with none.
func (r *running) moveIn() (err error) {
	r.home, err = os.MkdirTemp("", "sluice-bench-home-*")
	for _, name := range []string{"HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA", "APPDATA"} {
		r.cmd.Env = append(r.cmd.Env, name+"="+r.home)
	}
	return err
}

// address reads where a WebSocket server listens, and its token if it has one, from
// what it prints.
func (r *running) address() (url, token string, err error) {
	for {
		line, err := r.out.ReadString('\n')
		if err != nil {
			return "", "", fmt.Errorf("the server did not say where it listens: %w; stderr: %s", err, r.stderr)
		}
		words := strings.Fields(line)
		for _, word := range words {
			if strings.HasPrefix(word, "ws://") {
				url = cmp.Or(url, word)
			}
		}
		switch {
		case len(words) == 1 && url != "": // the floor: it has no token
			return url, "", nil
		case len(words) == 2 && words[0] == "token":
			return url, words[1], nil
		}
	}
}

// patience is how long a process may take to be ready, and to end.
const patience = 5 * time.Second

// stop ends the process as its clients do: by the end of its input, or a signal.
func (r *running) stop() error {
	_ = r.in.Close()
	if r.socket && r.cmd.Process.Signal(os.Interrupt) != nil {
		_ = r.cmd.Process.Kill() // where there are no signals
	}
	kill := time.AfterFunc(patience, func() { _ = r.cmd.Process.Kill() })
	defer kill.Stop()
	return r.wait()
}

// kill ends the process at once.
func (r *running) kill() error {
	_ = r.cmd.Process.Kill()
	return r.wait()
}

func (r *running) wait() error {
	_, _ = io.Copy(io.Discard, r.out)
	err := r.cmd.Wait()
	if _, exited := errors.AsType[*exec.ExitError](err); exited {
		err = nil // by our own signal
	}
	if r.home != "" {
		err = errors.Join(err, os.RemoveAll(r.home))
	}
	return err
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	kept []byte // guarded by mu
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	t.kept = t.kept[max(0, len(t.kept)-2000):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.kept)
}
