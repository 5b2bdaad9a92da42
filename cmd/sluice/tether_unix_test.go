//go:build unix

package main

import (
	"bufio"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A tether is how a test knows of programs that are no children of its own: a named pipe
// that they, and all that they start, hold open, and through which they may say something.
// Process ids would not do, since they mean nothing outside of their namespace.
type tether struct {
	t     *testing.T
	path  string
	own   *os.File    // holds it open too, until wantGone
	lines chan string // closed when nobody holds it any more
}

func newTether(t *testing.T) *tether {
	t.Helper()
	h := &tether{t: t, path: filepath.Join(t.TempDir(), "tether"), lines: make(chan string, 100)}
	if err := syscall.Mkfifo(h.path, 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if h.own, err = os.OpenFile(h.path, os.O_RDWR, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.own.Close() })
	reader, err := os.Open(h.path)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(h.lines)
		defer reader.Close()
		for scanner := bufio.NewScanner(reader); scanner.Scan(); {
			h.lines <- scanner.Text()
		}
	}()
	return h
}

// hold is the beginning of a script that holds the tether, where it may write to &9.
func (h *tether) hold() string { return "exec 9>" + h.path + "; " }

// next returns the next line that a program has said.
func (h *tether) next() string {
	h.t.Helper()
	select {
	case line, ok := <-h.lines:
		if !ok {
			h.t.Fatal("the programs have ended")
		}
		return line
	case <-time.After(soon):
		h.t.Fatal("no program says anything")
	}
	panic("unreachable")
}

// wantGone fails the test where a program is alive that holds the tether.
func (h *tether) wantGone() {
	h.t.Helper()
	h.own.Close()
	late := time.After(soon)
	for alive := true; alive; {
		select {
		case _, alive = <-h.lines:
		case <-late:
			h.t.Fatal("a process is alive")
		}
	}
}
