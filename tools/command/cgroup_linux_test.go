package command

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/command/internal/shim"
)

// fakeCgroups takes a directory that stands for a cgroup tree: files take what is written.
func fakeCgroups(t *testing.T, delegated ...string) *cgroups {
	root := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("cgroup.controllers", strings.Join(append(delegated, "io"), " "))
	write("cgroup.subtree_control", "")
	return takeCgroups(root)
}

// TestCgroupLimits holds what is written for the limits of a call, and that the shim is
// left with those for which there is no controller.
func TestCgroupLimits(t *testing.T) {
	t.Parallel()
	r := Resources{Memory: 1 << 28, Processes: 64, CPUs: 0.5}
	tests := []struct {
		delegated []string
		subtree   string
		files     map[string]string
		left      shim.Limits
	}{
		{
			[]string{"memory", "pids", "cpu"}, "+memory +pids +cpu",
			map[string]string{"memory.max": "268435456", "memory.oom.group": "1", "pids.max": "80", "cpu.max": "50000 100000"},
			shim.Limits{Processes: 64},
		},
		{[]string{"pids"}, "+pids", map[string]string{"pids.max": "80", "memory.max": "", "cpu.max": ""}, shim.Limits{Memory: 1 << 28, Processes: 64}},
	}
	for _, test := range tests {
		c := fakeCgroups(t, test.delegated...)
		if got := readText(filepath.Join(c.root, "cgroup.subtree_control")); !c.usable() || got != test.subtree {
			t.Errorf("%v: %s, enabled %q", test.delegated, c, got)
		}
		w := &ward{attributes: attributesOf(0), order: shim.Order{Limits: shim.Limits{Memory: r.Memory, Processes: r.Processes}}}
		if err := c.enter(w, r); err != nil {
			t.Fatal(err)
		}
		for file, want := range test.files {
			if got := readText(filepath.Join(w.cgroup.path, file)); got != want {
				t.Errorf("%v: %s is %q, want %q", test.delegated, file, got, want)
			}
		}
		if w.order.Limits != test.left || !w.attributes.UseCgroupFD {
			t.Errorf("%v: the shim has %+v, want %+v", test.delegated, w.order.Limits, test.left)
		}
		_ = w.cgroup.dir.Close()
	}
	if c := fakeCgroups(t); c.usable() || c.String() != "none of the controllers memory, pids, cpu is delegated" {
		t.Errorf("without controllers: %s", c)
	}
}

// TestCgroupUsed holds what is read from the files of a cgroup.
func TestCgroupUsed(t *testing.T) {
	t.Parallel()
	g := &cgroup{path: t.TempDir()}
	for file, text := range map[string]string{
		"cpu.stat": "usage_usec 1500\nuser_usec 1000\n", "memory.peak": "4096\n", "memory.events": "low 0\noom 1\noom_kill 2\noom_group_kill 1\n",
	} {
		if err := g.write(file, text); err != nil {
			t.Fatal(err)
		}
	}
	if u := g.used(); u.CPU.Microseconds() != 1500 || u.PeakMemory != 4096 || u.limit != shim.LimitMemory {
		t.Errorf("got %+v", u)
	}
	if u := (*cgroup)(nil).used(); u != (usage{}) {
		t.Errorf("of none: %+v", u)
	}
}

// TestCgroup runs a program in a real cgroup, wherever one can be made: it is in there,
// and nothing is left of it.
func TestCgroup(t *testing.T) {
	t.Parallel()
	mount, own, problem := locateCgroup()
	if problem != "" {
		t.Skip(problem)
	}
	root := filepath.Join(mount, own, "sluice-test")
	if err := os.Mkdir(root, 0o755); err != nil && !os.IsExist(err) {
		t.Skip("no cgroup can be made here: ", err)
	}
	t.Cleanup(func() { _ = unix.Rmdir(root) })
	m := *containment()
	if !m.shim {
		t.Skip("there is no shim")
	}
	m.cgroups = &cgroups{root: root}
	tool, err := New(Spec{
		Definition: tools.Definition{Name: "grouped"}, Args: []string{"cat", "/proc/self/cgroup"},
	})
	if err != nil {
		t.Fatal(err)
	}
	tool.Handler.(*program).machine = func() *machine { return &m }
	result, err := tool.Handler.Call(context.Background(), &tools.Call{})
	if err != nil || !strings.Contains(result.Content[0].(tools.Text).Text, "/sluice-test/"+cgroupPrefix) {
		t.Errorf("%v, %v", result, err)
	}
	if left, _ := filepath.Glob(filepath.Join(root, cgroupPrefix+"*")); len(left) > 0 {
		t.Errorf("%q is left", left)
	}
	g, err := m.cgroups.make()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = attributes()
	cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, int(g.dir.Fd())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	g.kill()
	_ = cmd.Wait()
	if g.remove(); cmd.ProcessState.Success() {
		t.Error("it was not killed")
	}
	if _, err := os.Stat(g.path); err == nil {
		t.Error("the cgroup is left")
	}
}
