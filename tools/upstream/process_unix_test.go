//go:build unix

package upstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// eventually returns when the kernel says so: it tells nobody that another's child has ended,
// nor that a descriptor was closed.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// awaitGone returns when no process of the group is left.
func awaitGone(t *testing.T, group int) {
	t.Helper()
	eventually(t, "no process of the group is left", func() bool { return errors.Is(syscall.Kill(-group, 0), syscall.ESRCH) })
}

func TestProcessEndsWithItsStream(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"at the end of stdin":              `cat`,
		"at SIGTERM":                       `trap 'exit 0' TERM; while :; do sleep 0.01; done`,
		"at SIGKILL":                       `trap '' TERM; while :; do sleep 0.01; done`,
		"with what it has left behind":     `(trap '' TERM; while :; do sleep 0.01; done) & exec cat`,
		"with a daemon of its own":         `(trap '' TERM; while :; do sleep 0.01; done) >/dev/null 2>&1 & exec cat`,
		"while it writes and nobody reads": `yes`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := Program{Args: []string{"sh", "-c", script}, Grace: 50 * time.Millisecond}
			c, err := program.Start()
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := c.Close(1000, ""); err != nil {
					t.Error(err)
				}
			}
			awaitGone(t, c.leader.cmd.Process.Pid)
			if _, err := c.Read(context.Background()); err == nil {
				t.Error("the stream is still open")
			}
		})
	}
}

// When a server ends, what it has started ends too, and whoever reads hears of it even
// where something that has left its session holds its stdout.
func TestProcessThatEndsLeavesNobody(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"a child":            `sleep 600 & echo done`,
		"a stubborn child":   `(trap '' TERM; sleep 600) & echo done`,
		"a daemon with ours": `setsid sleep 10 & sleep 0.3; echo done`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := Program{Args: []string{"sh", "-c", script}}
			p, err := program.Start()
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close(1000, "")
			if line, err := p.Read(t.Context()); err != nil || string(line) != "done" {
				t.Errorf("%q, %v", line, err)
			}
			begun := time.Now()
			if _, err := p.Read(t.Context()); err == nil || time.Since(begun) > 8*time.Second {
				t.Errorf("the end was seen after %v: %v", time.Since(begun), err)
			}
			<-p.Ended()
			if p.State().ExitCode() != 0 {
				t.Errorf("it ended with %v", p.State())
			}
			awaitGone(t, p.leader.cmd.Process.Pid)
		})
	}
}

func TestProgramIsGivenWhatItNeeds(t *testing.T) {
	t.Setenv("UPSTREAM_SECRET", "x")
	t.Setenv("UPSTREAM_PASSED", "y")
	dir := t.TempDir()
	for name, test := range map[string]struct {
		change func(*Program)
		want   string
	}{
		"cleaned":   {func(p *Program) { p.PassEnv = []string{"UPSTREAM_PASSED"} }, " y z"},
		"inherited": {func(p *Program) { p.InheritEnv = true }, "x y z"},
	} {
		t.Run(name, func(t *testing.T) {
			p := Program{
				Args: []string{"sh", "-c", `echo "$UPSTREAM_SECRET $UPSTREAM_PASSED $SET"; pwd`},
				Env:  map[string]string{"SET": "z"}, Dir: dir,
			}
			test.change(&p)
			process, err := p.Start()
			if err != nil {
				t.Fatal(err)
			}
			defer process.Close(1000, "")
			for _, want := range []string{test.want, dir} {
				if line, err := process.Read(t.Context()); err != nil || !strings.HasSuffix(string(line), want) {
					t.Errorf("%q, %v; want %q", line, err, want)
				}
			}
		})
	}
}

func TestProgramThatCannotBeStarted(t *testing.T) {
	t.Parallel()
	for _, p := range []Program{
		{}, {Args: []string{""}}, {Args: []string{"no such program"}}, {Args: []string{"/dev/null"}}, {Args: []string{"./x"}, Dir: "/"},
		{Args: []string{"sh"}, Env: map[string]string{"A=B": ""}}, {Args: []string{"sh"}, Dir: "/nowhere"},
	} {
		if stream, err := p.Open(t.Context()); err == nil || stream != nil {
			t.Errorf("%+v was started", p)
		}
	}
}

// What a program writes to its stderr is drained, however much, and whoever reads its
// stdout is not held up.
func TestProcessFloodsItsStderr(t *testing.T) {
	t.Parallel()
	m := newMurmur(Options{}.withDefaults().Logger)
	p := Program{Args: []string{"sh", "-c", `yes 123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789 | head -c 20000000 >&2; echo done`}, Stderr: m}
	process, err := p.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer process.Close(1000, "")
	if line, err := process.Read(t.Context()); err != nil || string(line) != "done" {
		t.Errorf("%q, %v", line, err)
	}
	<-process.Ended()
	if m.total != 200_000 || len(m.lines()) != murmurLines {
		t.Errorf("%d lines were read, %d kept", m.total, len(m.lines()))
	}
}

// A line of 100 MB costs no more memory than one that is just taken, and the next is
// served.
func TestProcessWritesAnEndlessLine(t *testing.T) {
	t.Parallel()
	p := Program{Args: []string{"sh", "-c", `head -c 100000000 /dev/zero; echo; echo '{}'`}, MaxMessage: 1 << 20}
	process, err := p.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer process.Close(1000, "")
	_, err = process.Read(t.Context())
	var skip skipped
	if !errors.As(err, &skip) {
		t.Errorf("error %v", err)
	}
	if line, err := process.Read(t.Context()); err != nil || string(line) != "{}" {
		t.Errorf("%q, %v", line, err)
	}
}

// Programs do not outlive this process, even where it is killed.
func TestProgramEndsWithUs(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the system has no parent death signal")
	}
	us := exec.Command(os.Args[0], "-test.run=^TestBeKilled$")
	us.Env = append(os.Environ(), "UPSTREAM_TEST_BE_KILLED=1")
	out, err := us.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := us.Start(); err != nil {
		t.Fatal(err)
	}
	var group int
	if _, err := fmt.Fscan(out, &group); err != nil {
		t.Fatal(err)
	}
	_ = us.Process.Kill()
	_ = us.Wait()
	awaitGone(t, group)
}

func TestBeKilled(*testing.T) {
	if os.Getenv("UPSTREAM_TEST_BE_KILLED") == "" {
		return
	}
	p := Program{Args: []string{"sh", "-c", "trap '' TERM HUP; exec sleep 60"}}
	process, err := p.Start()
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(os.Stderr, "started")
	_, _ = io.WriteString(os.Stdout, fmt.Sprintln(process.leader.cmd.Process.Pid))
	select {}
}

// TestManyCrashes starts programs that end at once, and sees that nothing piles up.
func TestManyCrashes(t *testing.T) {
	t.Parallel()
	before := openFiles(t)
	var starting sync.WaitGroup
	for range 4 {
		starting.Go(func() {
			for range 25 {
				p := Program{Args: []string{"sh", "-c", "echo '{}'; exit 1"}, Stderr: new(bytes.Buffer)}
				process, err := p.Start()
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = process.Read(context.Background())
				_ = process.Close(1000, "")
			}
		})
	}
	starting.Wait()
	eventually(t, "no more files are open than before", func() bool { return openFiles(t) <= before+40 }) // of tests beside this one
}

func openFiles(t *testing.T) int {
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(entries)
}
