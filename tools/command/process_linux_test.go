package command_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/command"
)

func init() {
	children["server"] = server
	children["deserted"] = deserted
	children["starved"] = starved
}

// deserted is a server that calls a tool which leaves its group.
func deserted(args []string) {
	spec := deserter("double fork", "sleep 60")
	spec.PassEnv = []string{"COMMAND_TEST_MARK"}
	tool, err := command.NewWithout(spec, tiers[args[0]]...)
	if err != nil {
		panic(err)
	}
	ctx, reports := record(context.Background())
	go func() {
		<-reports.ready
		fmt.Println("calling")
	}()
	_, _ = tool.Handler.Call(ctx, &tools.Call{})
}

// server is a program that calls a tool, which waits.
func server([]string) {
	spec := childSpec("wait")
	spec.PassEnv = []string{"COMMAND_TEST_MARK"}
	tool, err := command.New(spec)
	if err != nil {
		panic(err)
	}
	ctx, reports := record(context.Background())
	go func() {
		<-reports.ready
		fmt.Println("calling")
	}()
	_, _ = tool.Handler.Call(ctx, &tools.Call{})
}

// starved is a server that calls a tool with fewer and fewer files that it may open, and
// then with as many as before.
func starved([]string) {
	command.Layers()
	tool, err := command.New(command.Spec{Definition: tools.Definition{Name: "worker"}, Args: []string{"true"}})
	if err != nil {
		panic(err)
	}
	var before unix.Rlimit
	_ = unix.Getrlimit(unix.RLIMIT_NOFILE, &before)
	limit := func(n uint64) { _ = unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: before.Max}) }
	refused := 0
	for n := uint64(40); ; n-- {
		limit(n)
		_, err := tool.Handler.Call(context.Background(), &tools.Call{})
		limit(before.Cur)
		switch {
		case err == nil && n > 3:
		case errors.Is(err, tools.ErrExhausted) && !errors.Is(err, tools.ErrUnreachable):
			refused++
		default:
			fmt.Printf("with %d: %v", n, err)
			return
		}
		if n == 3 {
			break
		}
	}
	_, err = tool.Handler.Call(context.Background(), &tools.Call{})
	fmt.Printf("refused %v, and then %v", refused > 10, err)
}

// TestOutOfFiles holds that a server which may open no more files says so of itself, and
// not of its tool, whatever the file that it lacks is for.
func TestOutOfFiles(t *testing.T) {
	t.Parallel()
	spec := childSpec("starved")
	spec.Sandbox = command.SandboxOff
	if got := textOf(mustCall(t.Context(), t, spec, "{}")); got != "refused true, and then <nil>" {
		t.Error(got)
	}
}

// TestLeaderDiesWithServer holds that a server that is killed takes the programs it
// started with it.
func TestLeaderDiesWithServer(t *testing.T) {
	t.Parallel()
	spec := childSpec("server")
	mark := marked(t, &spec)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), mark.variable, childEnv+"=server")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "calling\n" {
		t.Fatal(line, err)
	}
	if n := len(mark.alive()); n != 2 { // a shim has no environment
		t.Errorf("%d processes run, want the server and its program", n)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	eventually(t, "no process is left", func() bool { return len(mark.alive()) == 0 })
}

func TestStopped(t *testing.T) {
	t.Parallel()
	for _, deaf := range []bool{false, true} {
		spec := childSpec("stop")
		spec.Grace = 300 * time.Millisecond
		if deaf {
			spec.Env[childEnv+"_DEAF"] = "yes"
		}
		mark := marked(t, &spec)
		if took := cancelled(t, spec, "{}"); took >= spec.Grace != deaf {
			t.Errorf("deaf %v: took %v", deaf, took)
		}
		mark.noneLeft()
	}
}

func TestKilled(t *testing.T) {
	t.Parallel()
	result := mustCall(t.Context(), t, childSpec("suicide"), "{}")
	if text := textOf(result); !result.IsError || !strings.Contains(text, "killed by signal 9 (killed)") || !strings.Contains(text, "memory") {
		t.Errorf("error %v: %s", result.IsError, text)
	}
}

// TestEscape holds what the package says of processes that leave their group where
// there is no sandbox: they live on, but the call does not wait for them for long.
func TestEscape(t *testing.T) {
	t.Parallel()
	spec := childSpec("tree", "escape")
	spec.Sandbox = command.SandboxOff
	mark := marked(t, &spec)
	start := time.Now()
	if got := textOf(mustCall(t.Context(), t, spec, "{}")); got != "escape " {
		t.Error(got)
	}
	if took := time.Since(start); took < 2*time.Second || took > 4*time.Second {
		t.Errorf("took %v, want a little more than 2s", took)
	}
	if n := len(mark.alive()); n != 1 {
		t.Errorf("%d processes live on", n)
	}
}

// TestFloodMemory holds that a program which prints a gigabyte costs less than twice
// the limit on its output, and that what it prints to stderr is not kept.
func TestFloodMemory(t *testing.T) {
	const limit = 16 << 20
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // nothing is collected: all that was allocated counts
	lines := childSpec("flood", "stdout", "1073741824")
	chat := childSpec("flood", "stderr", "134217728")
	zeros := command.Spec{Args: []string{"head", "-c", "1073741824", "/dev/zero"}}
	for name, spec := range map[string]command.Spec{"lines": lines, "zeros": zeros, "stderr": chat} {
		spec.Output = limit
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		result := mustCall(t.Context(), t, spec, "{}")
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; result.IsError != (name != "stderr") || grown >= 2*limit {
			t.Errorf("%s: error %v, %d bytes were allocated with a limit of %d", name, result.IsError, grown, limit)
		}
	}
}

// TestNothingLeaks runs and kills many programs, and counts what is left.
func TestNothingLeaks(t *testing.T) {
	spec := command.Spec{
		Definition: tools.Definition{Name: "leaky"},
		Args:       []string{"sh", "-c", "(sleep 60 &) ; echo ready >&2; cat >/dev/null; sleep 60"},
		Stdin:      "{a}",
		Env:        map[string]string{},
	}
	mark := marked(t, &spec)
	cycle := func() { cancelled(t, spec, `{"a":"`+strings.Repeat("x", 1000)+`"}`) }
	cycle()
	fds, threads := count(t, "/proc/self/fd/*"), runtime.NumGoroutine()
	for range 200 {
		cycle()
	}
	eventually(t, "the goroutines are back", func() bool { return runtime.NumGoroutine() <= threads })
	if now := count(t, "/proc/self/fd/*"); now > fds {
		t.Errorf("%d files are open, %d were", now, fds)
	}
	mark.noneLeft()
	if own := ownChildren(); len(own) > 0 {
		t.Errorf("children that nobody reaped: %v", own)
	}
}

func count(t *testing.T, pattern string) int {
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// ownChildren lists the children of this process, zombies included.
func ownChildren() []string {
	files, _ := filepath.Glob("/proc/self/task/*/children")
	var pids []string
	for _, file := range files {
		text, _ := os.ReadFile(file)
		pids = append(pids, strings.Fields(string(text))...)
	}
	return pids
}

// eventually waits for what the kernel and the runtime tell nobody: that processes which are
// no children of ours have ended, and goroutines.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatal("never happened: ", what)
		}
		<-time.After(time.Millisecond)
	}
}
