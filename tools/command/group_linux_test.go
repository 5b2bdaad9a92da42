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

	"github.com/sluice-dev/sluice/tools"
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
		syscall.EAGAIN:  "no process to spare",
		syscall.ENOMEM:  "no memory to spare",
		syscall.EMFILE:  "the server has too many files open",
		syscall.ENFILE:  "the system has too many files open",
		syscall.EIO:     "input/output error",
	} {
		err := p.explain(&fs.PathError{Op: "fork/exec", Path: p.path, Err: number})
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: got %q, want %q", number, err, want)
		}
		own := number == syscall.EAGAIN || number == syscall.ENOMEM || number == syscall.EMFILE || number == syscall.ENFILE
		if errors.Is(err, tools.ErrExhausted) != own || errors.Is(err, tools.ErrUnreachable) != (!own && number != syscall.E2BIG) {
			t.Errorf("%v: whose fault it is is said wrong: %v", number, err)
		}
		if !errors.Is(err, number) {
			t.Errorf("%v: its cause is lost", number)
		}
	}
}
