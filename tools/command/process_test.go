package command_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/command"
)

var errEnough = errors.New("enough")

// cancelled calls a tool, cancels it at its first report and returns what the call
// took from then on. It fails the test if the call does not end with the cause.
func cancelled(t testing.TB, spec command.Spec, arguments string) time.Duration {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	ctx, reports := record(ctx)
	var since time.Time
	go func() {
		<-reports.ready
		since = time.Now()
		cancel(errEnough)
	}()
	result, err := call(ctx, t, spec, arguments)
	if !errors.Is(err, errEnough) {
		t.Fatalf("got %v, %v, want %v", result, err, errEnough)
	}
	return time.Since(since)
}

func TestCancel(t *testing.T) {
	t.Parallel()
	const grace = 300 * time.Millisecond
	tests := []struct {
		name, child string
		args        []string
		deaf        bool // to the request to end
	}{
		{name: "a program that waits", child: "wait"},
		{name: "one that ends in peace", child: "trapped"},
		{name: "one that does not listen", child: "wait", deaf: true},
		{name: "one without outputs", child: "mute"},
		{name: "one without outputs that does not listen", child: "mute", deaf: true},
		{name: "one with a child", child: "tree", args: []string{"wait"}},
		{name: "one with a grandchild", child: "tree", args: []string{"wait", "wait"}},
		{name: "one with a lost grandchild", child: "tree", args: []string{"wait", "exit"}},
		{name: "a tree that does not listen", child: "tree", args: []string{"wait", "exit", "wait"}, deaf: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			spec := childSpec(test.child, test.args...)
			spec.Grace = grace
			if test.deaf {
				spec.Env[childEnv+"_DEAF"] = "yes"
			}
			mark := marked(t, &spec)
			took := cancelled(t, spec, "{}")
			if waited := took >= grace; runtime.GOOS != "windows" && waited != test.deaf {
				t.Errorf("took %v with a grace of %v", took, grace)
			}
			mark.noneLeft()
		})
	}
}

// fatal dies of what no program in Go can recover from.
func fatal([]string) {
	debug.SetMaxStack(1 << 20)
	var deeper func(int) int
	deeper = func(n int) int { return deeper(n+1) + n }
	defer func() { _ = recover() }()
	fmt.Print(deeper(0))
}

// TestFatal holds that what would end a server, and nobody can recover from, ends a
// program only: a tool that may do so belongs in one.
func TestFatal(t *testing.T) {
	t.Parallel()
	result := mustCall(t.Context(), t, childSpec("fatal"), "{}")
	if text := textOf(result); !result.IsError || !strings.Contains(text, "exit code 2") || !strings.Contains(text, "goroutine") {
		t.Errorf("error %v: %.300s", result.IsError, text)
	}
	if got := textOf(mustCall(t.Context(), t, childSpec("print", "alive"), "{}")); got != "alive" {
		t.Errorf("then: %s", got)
	}
}

func TestGroupEndsWithItsLeader(t *testing.T) {
	t.Parallel()
	for _, ends := range [][]string{{"exit"}, {"exit", "exit"}, {"exit", "wait"}, {"exit", "wait", "exit"}} {
		t.Run(strings.Join(ends, " "), func(t *testing.T) {
			t.Parallel()
			spec := childSpec("tree", ends...)
			mark := marked(t, &spec)
			start := time.Now()
			result := mustCall(t.Context(), t, spec, "{}")
			if got := textOf(result); result.IsError || !strings.HasPrefix(got, "exit ") {
				t.Errorf("error %v: %s", result.IsError, got)
			}
			if took := time.Since(start); took > 1500*time.Millisecond {
				t.Errorf("the pipe that is held open cost %v", took)
			}
			mark.noneLeft()
		})
	}
}

func TestOverflow(t *testing.T) {
	t.Parallel()
	const endless = "1000000000000000000"
	spec := childSpec("flood", "stdout", endless)
	spec.Output = 100_000
	mark := marked(t, &spec)
	result := mustCall(t.Context(), t, spec, "{}")
	text := textOf(result)
	if !result.IsError || !strings.Contains(text, "truncated") || !strings.Contains(text, "100000 bytes") {
		t.Errorf("error %v: %.200s", result.IsError, text)
	}
	if got := strings.Count(text, "x"); got < 99_990 || got > 100_010 {
		t.Errorf("%d bytes of output", got)
	}
	mark.noneLeft()
}

// TestMuchStderr holds that a program which says much on stderr is not killed for it,
// and that its result is what it would be without.
func TestMuchStderr(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"0", "7"} {
		spec := childSpec("chatter", "3000000", "\x1b[31mdisk\x1b[0m full", "found 2", code)
		spec.Output = 100
		result := mustCall(t.Context(), t, spec, "{}")
		got, want := textOf(result), "found 2"
		if code == "7" {
			got, want = got[strings.LastIndex(got, "\nx")+1:], strings.Repeat("x", 99)+"\ndisk full\nfound 2"
		}
		if result.IsError != (code == "7") || got != want || len(textOf(result)) > 5000 {
			t.Errorf("exit code %s: error %v: got %.300q, want %q", code, result.IsError, got, want)
		}
	}
}

func TestOutputAtTheLimit(t *testing.T) {
	t.Parallel()
	spec := childSpec("flood", "stdout", "100000")
	spec.Output = 100_000
	result := mustCall(t.Context(), t, spec, "{}")
	if got := len(textOf(result)); result.IsError || got != 100_000 {
		t.Errorf("error %v, %d bytes", result.IsError, got)
	}
}

// TestThreadsMayEnd holds that a program does not die with a thread of the server,
// while threads end all the time.
func TestThreadsMayEnd(t *testing.T) {
	t.Parallel()
	open := filepath.Join(t.TempDir(), "open")
	var calls, running sync.WaitGroup
	for range 16 {
		ctx, reports := record(t.Context())
		ended := make(chan struct{})
		calls.Go(func() {
			defer close(ended)
			if result, err := call(ctx, t, childSpec("gate", literal(open)), "{}"); err != nil || textOf(result) != "through" {
				t.Error(result, err)
			}
		})
		running.Go(func() {
			select {
			case <-reports.ready:
			case <-ended:
			}
		})
	}
	endThreads(300) // while programs start
	running.Wait()
	endThreads(100)
	if err := os.WriteFile(open, nil, 0o600); err != nil {
		t.Error(err)
	}
	calls.Wait()
}

// endThreads ends n threads of this process, one after the other.
func endThreads(n int) {
	for range n {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		}()
		<-ended
	}
}

func TestCannotStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return literal(path)
	}
	busy, err := os.OpenFile(filepath.Join(dir, "busy"), os.O_CREATE|os.O_WRONLY, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busy.Close() })
	noDir := childSpec("args")
	noDir.Dir = filepath.Join(dir, "none")
	program := func(args ...string) command.Spec { return command.Spec{Args: args} }
	tests := []struct {
		name string
		spec command.Spec
		unix bool
		want string
	}{
		{"missing in PATH", program("sluice-no-such-program"), false, "is not installed"},
		{"a missing path", program(literal(filepath.Join(dir, "none"))), false, "does not exist"},
		{"a missing relative path", program("./none"), false, "does not exist"},
		{"not executable", program(write("plain", "", 0o600)), true, "permissions"},
		{"no program", program(write("empty", "junk", 0o700)), true, "not a program"},
		{"no interpreter", program(write("script", "#!/no/such/thing\n", 0o700)), true, "interpreter"},
		{"being written", program(literal(busy.Name())), true, "being replaced|not a program"},
		{"a batch file", program(write("tool.CMD", "", 0o700), "{a}"), false, "batch file"},
		{"no directory", noDir, false, "working directory"},
		{"arguments too long", childSpec("args", "{a}"), true, "this long"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.unix && runtime.GOOS == "windows" {
				t.Skip("only on Unix")
			}
			test.spec.Name = "worker"
			_, err := call(t.Context(), t, test.spec, `{"a":"`+strings.Repeat("x", 1<<20)+`"}`)
			var shown *tools.Error
			if !errors.As(err, &shown) || !containsAny(shown.Message, test.want) || !strings.HasPrefix(shown.Message, "worker cannot run: ") {
				t.Fatalf("got %v, want a tools.Error with %q", err, test.want)
			}
			if own := test.name == "arguments too long"; errors.Is(err, tools.ErrUnreachable) == own {
				t.Errorf("that the tool is broken is said wrong: %v", err)
			}
			if strings.Contains(shown.Message, filepath.Dir(dir)) {
				t.Errorf("a path is shown: %s", shown.Message)
			}
		})
	}
}

func containsAny(text, alternatives string) bool {
	for _, one := range strings.Split(alternatives, "|") {
		if strings.Contains(text, one) {
			return true
		}
	}
	return false
}

func TestCheck(t *testing.T) {
	t.Parallel()
	if err := childSpec("args").Check(); err != nil {
		t.Error(err)
	}
	missing := command.Spec{
		Definition: tools.Definition{Name: "worker"},
		Args:       []string{"sluice-no-such-program"},
		Dir:        filepath.Join(t.TempDir(), "none"),
	}
	err := missing.Check()
	for _, want := range []string{`tool "worker"`, "sluice-no-such-program", "working directory"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := (command.Spec{}).Check(); err == nil {
		t.Error("a spec without a program passes")
	}
}
