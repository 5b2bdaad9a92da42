package command_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/command"
)

// tiers are machines with ever less: with namespaces, without, and without Landlock.
var tiers = map[string][]string{
	"namespaces": nil,
	"subreaper":  {command.LayerNamespaces},
	"bare shim":  {command.LayerNamespaces, command.LayerIsolation},
}

// needLayers skips a test that takes layers which this machine does not have.
func needLayers(t testing.TB, names ...string) {
	t.Helper()
	for _, l := range command.Layers() {
		for _, name := range names {
			if l.Name == name && !l.InForce {
				t.Skipf("no %s here: %s", l.Name, l.Detail)
			}
		}
	}
}

// on makes a tool on a machine without some layers.
func on(t testing.TB, spec command.Spec, without []string) *tools.Tool {
	t.Helper()
	tool, err := command.NewWithout(spec, without...)
	if err != nil {
		t.Fatal(err)
	}
	return tool
}

// deserters are scripts that leave something behind which wants to stay.
var deserters = map[string]string{
	"setsid":        `setsid sh -c 'trap "" TERM HUP; sleep 60' & wait_a_bit`,
	"double fork":   `(setsid sh -c 'trap "" TERM; (sleep 60 &) ; sleep 60' &) ; wait_a_bit`,
	"stopped":       `setsid sh -c 'kill -STOP $$; sleep 60' & wait_a_bit`,
	"many":          `for i in 1 2 3 4 5 6 7 8; do setsid sleep 60 & done; wait_a_bit`,
	"holds stdout":  `setsid sleep 60 & wait_a_bit`,
	"forks forever": `setsid sh -c 'while :; do (setsid sleep 60 &) ; done' >/dev/null 2>&1 & wait_a_bit`,
}

func deserter(name, then string) command.Spec {
	script := strings.ReplaceAll(deserters[name], "wait_a_bit", "sleep 0.1; echo done; echo ready >&2; "+then)
	return command.Spec{
		Definition: tools.Definition{Name: "deserter"},
		Args:       []string{"sh", "-c", script},
		Env:        map[string]string{},
		Grace:      200 * time.Millisecond,
		Resources:  command.Resources{Processes: 200},
	}
}

// TestNothingEscapes holds that nothing outlives a call that ends by itself or is
// cancelled, wherever it goes, and that no call waits for what it has left behind.
func TestNothingEscapes(t *testing.T) {
	t.Parallel()
	needLayers(t, command.LayerShim, command.LayerSweep)
	for tier, without := range tiers {
		for name := range deserters {
			t.Run(tier+"/"+name, func(t *testing.T) {
				t.Parallel()
				spec := deserter(name, "")
				mark := marked(t, &spec)
				start := time.Now()
				if _, err := on(t, spec, without).Handler.Call(t.Context(), &tools.Call{}); err != nil {
					t.Error(err)
				}
				if took := time.Since(start); took > 1900*time.Millisecond {
					t.Errorf("took %v", took)
				}
				mark.noneLeft()

				spec = deserter(name, "sleep 60")
				mark = marked(t, &spec)
				cancelledOn(t, on(t, spec, without))
				mark.noneLeft()
			})
		}
	}
}

// cancelledOn calls a tool and cancels it at its first report.
func cancelledOn(t *testing.T, tool *tools.Tool) {
	t.Helper()
	ctx, reports := record(t.Context())
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		<-reports.ready
		cancel(errEnough)
	}()
	if result, err := tool.Handler.Call(ctx, &tools.Call{}); !errors.Is(err, errEnough) {
		t.Errorf("got %v, %v, want %v", result, err, errEnough)
	}
}

// TestServerKilled holds that the tree of a call ends with a server that is killed, with
// what has left its group.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	needLayers(t, command.LayerShim, command.LayerSweep)
	for tier := range tiers {
		t.Run(tier, func(t *testing.T) {
			t.Parallel()
			spec := childSpec("deserted", tier)
			mark := marked(t, &spec)
			cmd := exec.Command(os.Args[0], tier)
			cmd.Env = append(os.Environ(), mark.variable, childEnv+"=deserted")
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line := make([]byte, 8)
			if n, err := stdout.Read(line); string(line[:n]) != "calling\n" {
				t.Fatal(string(line[:n]), err)
			}
			// The server, the program, what has left it and the child of that; a shim has no
			// environment, and some shells become what they run last.
			eventually(t, "all processes run", func() bool { return len(mark.alive()) >= 4 })
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			eventually(t, "no process is left", func() bool { return len(mark.alive()) == 0 })
		})
	}
}

// TestKillShim holds that a program which ends or stops its shim gains nothing by that.
// Where nothing keeps it from doing so, and it is faster than the shim can say that it
// runs, it can leave its group in peace; so here it takes its time.
func TestKillShim(t *testing.T) {
	t.Parallel()
	needLayers(t, command.LayerShim)
	for tier, without := range tiers {
		for _, signal := range []string{"KILL", "STOP", "TERM"} {
			t.Run(tier+"/"+signal, func(t *testing.T) {
				t.Parallel()
				spec := command.Spec{
					Definition: tools.Definition{Name: "parricide"},
					Args:       []string{"sh", "-c", "sleep 0.3; kill -" + signal + " $PPID; (sleep 60 &) ; sleep 60"},
					Env:        map[string]string{},
					Grace:      100 * time.Millisecond,
				}
				mark := marked(t, &spec)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, _ = on(t, spec, without).Handler.Call(ctx, &tools.Call{})
				eventually(t, "no process is left", func() bool { return len(mark.alive()) == 0 })
			})
		}
	}
}

// TestChurn runs and kills programs that leave behind what they can, and counts what
// stays. COMMAND_TEST_CYCLES says how often; the full count is 10000.
func TestChurn(t *testing.T) {
	needLayers(t, command.LayerShim, command.LayerSweep)
	cycles, _ := strconv.Atoi(os.Getenv("COMMAND_TEST_CYCLES"))
	if cycles == 0 {
		cycles = 60
	}
	spec := command.Spec{
		Definition: tools.Definition{Name: "stubborn"},
		Args: []string{"sh", "-c", `trap "" TERM; (setsid sh -c 'trap "" TERM; (setsid sleep 600 &) ; sleep 600' &) ; ` +
			`sleep 600 & echo ready >&2; cat >/dev/null; sleep 600`},
		Stdin: "{a}",
		Env:   map[string]string{},
		Grace: time.Millisecond,
	}
	mark := marked(t, &spec)
	without := [][]string{nil, {command.LayerNamespaces}}
	cycle := func(i int) { cancelledOn(t, on(t, spec, without[i%2])) }
	cycle(0)
	fds, routines := count(t, "/proc/self/fd/*"), runtime.NumGoroutine()
	begin := time.Now()
	for i := range cycles {
		cycle(i)
	}
	t.Logf("%d cycles, %v each", cycles, time.Since(begin)/time.Duration(cycles))
	eventually(t, "the goroutines are back", func() bool { return runtime.NumGoroutine() <= routines })
	if now := count(t, "/proc/self/fd/*"); now > fds {
		t.Errorf("%d files are open, %d were", now, fds)
	}
	mark.noneLeft()
	if own := ownChildren(); len(own) > 0 {
		t.Errorf("children that nobody reaped: %v", own)
	}
}
