package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// A server is the process that is soaked.
type server struct {
	cmd        *exec.Cmd
	dir        string
	url, admin string // where clients and operators come
	copied     chan struct{}
}

// build builds the programs of a run into dir: Sluice, a server of Go tools, and a copy
// of this program for the roles, so that its processes can be told from others.
func (o options) build(ctx context.Context, dir string) (sluice string, p *plan, err error) {
	p = &plan{dir: dir, edition: edition{version: 1, slots: 8, level: "info"}}
	sluice, p.fixture, p.self = filepath.Join(dir, "sluice"), filepath.Join(dir, "everything"), filepath.Join(dir, "soaker")
	env, args := append(os.Environ(), "CGO_ENABLED=0"), []string{"build", "-trimpath"}
	if o.race {
		env, args = append(os.Environ(), "CGO_ENABLED=1"), append(args, "-race")
	}
	for path, pkg := range map[string]string{sluice: "./cmd/sluice", p.fixture: "./testdata/everything"} {
		cmd := exec.CommandContext(ctx, "go", append(args, "-o", path, pkg)...)
		cmd.Dir, cmd.Env = o.sluice, env
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", nil, fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
		}
	}
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	bytes, err := os.ReadFile(self)
	if err != nil {
		return "", nil, err
	}
	return sluice, p, os.WriteFile(p.self, bytes, 0o700)
}

var listening = regexp.MustCompile(`"url":"(ws://[^"]+)".*"health":"(http://[^"]+)"`)

// startServer starts Sluice with the config of the plan, and waits until it listens. Its
// log goes to a file.
func startServer(ctx context.Context, sluice string, p *plan) (*server, error) {
	s := &server{dir: p.dir, cmd: exec.Command(sluice, "serve", "--config", p.path()), copied: make(chan struct{})}
	s.cmd.Env = append(os.Environ(), "HOME="+p.dir, "XDG_STATE_HOME="+p.dir, "XDG_CACHE_HOME="+p.dir, "GORACE=halt_on_error=1")
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(p.dir, "server.log"))
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	found := make(chan []string, 1)
	go func() {
		defer close(s.copied)
		defer func() { _ = log.Close() }()
		copyLog(log, stderr, found)
	}()
	select {
	case at := <-found:
		if at != nil {
			s.url, s.admin = at[1], at[2]
			return s, nil
		}
		err = errors.New("the server ended before it listened")
	case <-time.After(patience):
		err = errors.New("the server does not say where it listens")
	case <-ctx.Done():
		err = ctx.Err()
	}
	_ = s.cmd.Process.Kill()
	return nil, errors.Join(err, s.cmd.Wait(), errors.New(s.logged()))
}

// largestLog is how much of the server's log is kept.
const largestLog = 64 << 20

// copyLog copies the log, and finds where the server listens; nil where it ends before.
func copyLog(to io.Writer, from io.Reader, found chan<- []string) {
	lines, kept := bufio.NewReaderSize(from, 1<<20), 0
	for {
		line, err := lines.ReadString('\n')
		if kept += len(line); kept < largestLog {
			_, _ = io.WriteString(to, line)
		}
		if at := listening.FindStringSubmatch(line); at != nil && found != nil {
			found <- at
			found = nil
		}
		if err != nil {
			if found != nil {
				found <- nil
			}
			return
		}
	}
}

// logged is the end of the server's log.
func (s *server) logged() string {
	log, _ := os.ReadFile(filepath.Join(s.dir, "server.log"))
	return string(log[max(0, len(log)-4000):])
}

// stop asks the server to end, and returns how long it took.
func (s *server) stop() (time.Duration, error) {
	begun := time.Now()
	_ = s.cmd.Process.Signal(os.Interrupt)
	kill := time.AfterFunc(30*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer kill.Stop()
	<-s.copied
	err := s.cmd.Wait()
	return time.Since(begun), err
}

// verifyAudit checks the chain of the audit log, once the server has ended.
func (s *server) verifyAudit() (string, error) {
	out, err := exec.Command(s.cmd.Path, "audit", "verify", filepath.Join(s.dir, "audit.jsonl")).CombinedOutput()
	return string(out), err
}

// dump has the server say where all its goroutines are, in its log, and end.
func (s *server) dump() {
	_ = s.cmd.Process.Signal(syscall.SIGQUIT)
	<-s.copied
}

// family are the processes that came from this one, the programs of tools and servers.
func (s *server) family() (n int, err error) {
	all, err := process.Processes()
	if err != nil {
		return 0, err
	}
	children := map[int32][]int32{}
	for _, p := range all {
		if parent, err := p.Ppid(); err == nil { // it may be gone
			children[parent] = append(children[parent], p.Pid)
		}
	}
	for next := children[int32(s.cmd.Process.Pid)]; len(next) > 0; next = next[1:] {
		n++
		next = append(next, children[next[0]]...)
	}
	return n, nil
}

// survivors are the processes of the run that are left when the server has ended.
func survivors(dir string) (n int, err error) {
	all, err := process.Processes()
	for _, p := range all {
		if line, err := p.Cmdline(); err == nil && strings.Contains(line, dir) && p.Pid != int32(os.Getpid()) {
			n++
		}
	}
	return n, err
}
