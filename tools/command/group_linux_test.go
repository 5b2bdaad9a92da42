package command

import (
	"errors"
	"io/fs"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestGroupAlive holds that the dead that nobody has reaped do not count as alive, and
// that nobody waits for them.
func TestGroupAlive(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sleep", "60")
	g := &group{}
	if err := g.start(cmd); err != nil {
		t.Fatal(err)
	}
	if !g.alive() {
		t.Error("a program that runs is not alive")
	}
	g.kill()
	if err := unix.Waitid(unix.P_PID, g.id, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	if !g.exists() || g.alive() {
		t.Errorf("dead and not reaped: exists %v, alive %v", g.exists(), g.alive())
	}
	start := time.Now()
	g.settle() // which reaps it, as it is a child of ours
	if took := time.Since(start); g.exists() || took >= settleTime {
		t.Errorf("settled in %v, exists %v", took, g.exists())
	}
	_ = cmd.Wait()
}

// TestExplain holds that what the system says reaches the caller in words, without a
// path, and the log as it is.
func TestExplain(t *testing.T) {
	t.Parallel()
	p := &program{tool: "worker", path: "/secret/bin/work", dir: t.TempDir()}
	for number, want := range map[syscall.Errno]string{
		syscall.ENOENT:  "does not exist",
		syscall.EACCES:  "permissions",
		syscall.E2BIG:   "shorten them",
		syscall.ETXTBSY: "try again shortly",
		syscall.EAGAIN:  "try again later",
		syscall.ENOMEM:  "try again later",
		syscall.EMFILE:  "try again later",
		syscall.EIO:     "input/output error",
	} {
		err := p.explain(&fs.PathError{Op: "fork/exec", Path: p.path, Err: number})
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: got %q, want %q", number, err, want)
		}
		if !errors.Is(err, number) {
			t.Errorf("%v: its cause is lost", number)
		}
	}
}
