package command_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/command"
)

func init() {
	children["hog"] = hog
	children["burn"] = func([]string) { ready(); burn() }
}

// hog takes 256 MiB, and touches them.
func hog([]string) {
	memory := make([]byte, 256<<20)
	for i := range memory {
		memory[i] = byte(i)
	}
	ready()
	linger()
}

// burn is busy for longer than any test.
func burn() {
	for begin := time.Now(); time.Since(begin) < time.Minute; {
		continue
	}
}

func script(text string) command.Spec {
	return command.Spec{
		Definition: tools.Definition{Name: "script"}, Args: []string{"sh", "-c", literal(text)}, Env: map[string]string{},
	}
}

// TestLimits holds that each limit bites, in each tier, and that the result of what was
// ended for one names it.
func TestLimits(t *testing.T) {
	t.Parallel()
	needLayers(t, command.LayerShim, command.LayerLimits, command.LayerWatch)
	tests := []struct {
		name      string
		spec      command.Spec
		resources command.Resources
		want      string
		isError   bool
	}{
		{"CPU of one process", childSpec("burn"), command.Resources{CPU: time.Second}, "limit of 1s of processor time", true},
		{"CPU of a tree", script("for i in 1 2 3 4; do (while :; do :; done) & done; wait"), command.Resources{CPU: 1500 * time.Millisecond}, "limit of 1.5s of processor time", true},
		{"CPU of many short processes", script("while :; do /bin/true; done"), command.Resources{CPU: 300 * time.Millisecond}, "limit of 300ms of processor time", true},
		{"memory", childSpec("hog"), command.Resources{Memory: 128 << 20}, "limit of 134217728 bytes", true},
		{"a fork bomb", script(`f() { if [ $1 -gt 0 ]; then f $(($1-1)) & f $(($1-1)) & fi; sleep 60; }; f 9`), command.Resources{Processes: 64}, "limit of 64", true},
		{"processes that left", script(`for i in $(seq 99); do setsid sleep 60 & done; sleep 60`), command.Resources{Processes: 64}, "limit of 64", true},
		{"file size", script(`cd "$TMPDIR"; exec head -c 2000000 /dev/zero > big`), command.Resources{FileSize: 1 << 20}, "limit of 1048576 bytes", true},
		{"file size below a shell", script(`cd "$TMPDIR"; head -c 2000000 /dev/zero > big; exit $?`), command.Resources{FileSize: 1 << 20}, "limit of 1048576 bytes", true},
		{"open files", script("ulimit -Sn; ulimit -Hn"), command.Resources{Files: 33}, "33\n33\n", false},
		{"address space", script("sleep 0.2; ulimit -Sv; ulimit -Hv"), command.Resources{AddressSpace: 1 << 30}, "1048576\n1048576\n", false},
		{"core files", script("ulimit -Sc; ulimit -Hc"), command.Resources{}, "0\n0\n", false},
		{"CPU of each process", script("sleep 0.2; ulimit -St; ulimit -Ht"), command.Resources{CPU: 2500 * time.Millisecond}, "3\n4\n", false},
		{"no limit", script("echo fine"), command.Resources{Processes: -1}, "fine\n", false},
	}
	for tier, without := range tiers {
		for _, test := range tests {
			t.Run(tier+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				spec := test.spec
				spec.Env = map[string]string{"TMPDIR": t.TempDir()}
				for name, value := range test.spec.Env {
					spec.Env[name] = value
				}
				spec.Resources = test.resources
				mark := marked(t, &spec)
				result, err := on(t, spec, without).Handler.Call(t.Context(), &tools.Call{})
				if err != nil {
					t.Fatal(err)
				}
				if text := textOf(result); result.IsError != test.isError || !strings.Contains(text, test.want) {
					t.Errorf("error %v: %.300s", result.IsError, text)
				}
				mark.noneLeft()
				if info, err := os.Stat(filepath.Join(spec.Env["TMPDIR"], "big")); err == nil && info.Size() > spec.Resources.FileSize {
					t.Errorf("%d bytes were written", info.Size())
				}
			})
		}
	}
}

// TestUsage holds that what a tree has used is reported, however its call ends.
func TestUsage(t *testing.T) {
	t.Parallel()
	needLayers(t, command.LayerShim)
	for tier, without := range tiers {
		for _, end := range []string{"by itself", "cancelled"} {
			t.Run(tier+"/"+end, func(t *testing.T) {
				t.Parallel()
				spec := childSpec("hog")
				spec.Grace = time.Millisecond
				ctx, reports := record(t.Context())
				tool := on(t, spec, without)
				if end == "by itself" {
					spec = script(`i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; head -c 100000000 /dev/zero | tail -c 100000000 >/dev/null`)
					tool = on(t, spec, without)
					if _, err := tool.Handler.Call(ctx, &tools.Call{}); err != nil {
						t.Fatal(err)
					}
				} else {
					cancelReported(ctx, reports, tool)
				}
				u := reports.usage
				if u.CPU < 10*time.Millisecond || u.CPU > 20*time.Second || u.PeakMemory < 90<<20 || u.PeakMemory > 1<<30 {
					t.Errorf("used %v, %d bytes", u.CPU, u.PeakMemory)
				}
				if !strings.HasPrefix(u.Sandbox, "group,shim,") || strings.Contains(u.Sandbox, "namespaces") != (without == nil) {
					t.Errorf("in %q", u.Sandbox)
				}
			})
		}
	}
}

// cancelReported calls a tool and cancels it at its first report.
func cancelReported(ctx context.Context, reports *recorder, tool *tools.Tool) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		<-reports.ready
		cancel(errEnough)
	}()
	_, _ = tool.Handler.Call(ctx, &tools.Call{})
}
