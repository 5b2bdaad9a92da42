package command_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/command"
)

// delegatedEnv tells the test binary which cgroup it was given.
const delegatedEnv = "COMMAND_TEST_DELEGATED"

// TestDelegatedCgroup holds what a server does with a cgroup v2 that was delegated to it,
// as systemd does with Delegate=yes: this test starts itself in one of its own. It takes
// a kernel whose controllers are bound to v2, and either root or a cgroup that is
// delegated to the test.
func TestDelegatedCgroup(t *testing.T) {
	if root := os.Getenv(delegatedEnv); root != "" {
		inDelegatedCgroup(t, root)
		return
	}
	t.Parallel()
	needLayers(t, command.LayerShim)
	root := delegate(t)
	// What servers left that were killed: a call in which something lives on.
	left := filepath.Join(root, "sluice-call-1-1")
	survivor := startIn(t, left, "sleep", "60")
	// A call of another server is locked.
	others := filepath.Join(root, "sluice-call-1-2")
	if err := os.Mkdir(others, 0o755); err != nil {
		t.Fatal(err)
	}
	lock := open(t, others)
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_SH); err != nil {
		t.Fatal(err)
	}

	cmd := exec.Command(os.Args[0], "-test.run=^TestDelegatedCgroup$", "-test.v", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), delegatedEnv+"="+root)
	dir := open(t, root)
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(dir.Fd())}
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("in the cgroup: %v\n%s", err, output)
	}
	for _, line := range []string{"--- FAIL", "--- SKIP"} {
		if strings.Contains(string(output), line) {
			t.Logf("%s", output)
			break
		}
	}
	if err := survivor.Wait(); err == nil || survivor.ProcessState.Success() {
		t.Error("what a killed server had left lives on")
	}
	if got, _ := filepath.Glob(filepath.Join(root, "sluice-*")); !slices.Equal(got, []string{others, filepath.Join(root, "sluice-server")}) {
		t.Errorf("there are %q", got)
	}
}

// delegate makes a cgroup and marks it as systemd marks one that it has given away.
func delegate(t *testing.T) string {
	mount, own, problem := command.LocateCgroup()
	if problem != "" {
		t.Skip("NOT TRIED: ", problem)
	}
	own = filepath.Join(mount, own)
	for _, parent := range []string{own, filepath.Dir(own), mount} { // the second where the test has moved to a leaf
		enabled, _ := os.ReadFile(filepath.Join(parent, "cgroup.subtree_control"))
		if has := strings.Fields(string(enabled)); !slices.Contains(has, "memory") || !slices.Contains(has, "pids") || !slices.Contains(has, "cpu") {
			continue
		}
		root := filepath.Join(parent, "sluice-test-"+strconv.Itoa(os.Getpid()))
		if os.Mkdir(root, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { removeCgroup(root) })
		if err := unix.Setxattr(root, "user.delegate", []byte("1"), 0); err != nil && os.Geteuid() == 0 {
			t.Skip("NOT TRIED: no cgroup can be marked as delegated: ", err)
		}
		return root
	}
	t.Skip("NOT TRIED: memory, pids and cpu of cgroup v2 are not to be had here: it takes root, or a cgroup that is delegated")
	return ""
}

// removeCgroup removes a cgroup with those in it, when all of them are dead.
func removeCgroup(root string) {
	_ = os.WriteFile(filepath.Join(root, "cgroup.kill"), []byte("1"), 0o644)
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		below, _ := filepath.Glob(filepath.Join(root, "*", "cgroup.procs"))
		for _, file := range below {
			_ = unix.Rmdir(filepath.Dir(file))
		}
		if err := unix.Rmdir(root); err == nil || os.IsNotExist(err) {
			return
		}
	}
}

func open(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// startIn makes a cgroup and starts a program in it.
func startIn(t *testing.T, cgroup string, args ...string) *exec.Cmd {
	t.Helper()
	if err := os.Mkdir(cgroup, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(args[0], args[1:]...)
	dir := open(t, cgroup)
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(dir.Fd()), Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Skip("NOT TRIED: no program can be started in a cgroup: ", err)
	}
	return cmd
}

// inDelegatedCgroup is what the server in the cgroup does: it is alone in it at first.
func inDelegatedCgroup(t *testing.T, root string) {
	needLayers(t, command.LayerCgroup, command.LayerCPUs)
	own := `C=/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup); `
	if mount, _, _ := command.LocateCgroup(); mount != "/sys/fs/cgroup" {
		own = strings.Replace(own, "/sys/fs/cgroup", mount, 1)
	}
	attack := own + `for f in ` + root + `/sluice-server/cgroup.kill $C/cgroup.kill $C/memory.max ` + root + `/cgroup.procs; do ` +
		`[ -f $f ] && (echo 1 >$f) 2>/dev/null && echo written $f; done; echo done`
	tests := []struct {
		name      string
		spec      command.Spec
		resources command.Resources
		namespace bool // it is not so without
		want      string
		isError   bool
	}{
		{"its own", script(`cat /proc/self/cgroup`), command.Resources{}, false, filepath.Base(root) + "/sluice-call-", false},
		{"memory", childSpec("hog"), command.Resources{Memory: 64 << 20}, false, "more memory than its limit of 67108864 bytes", true},
		{"memory of several", script(`for i in 1 2 3 4; do (head -c 24000000 /dev/zero | tail -c 24000000 >/dev/null; sleep 60) & done; wait`),
			command.Resources{Memory: 64 << 20}, false, "more memory than its limit of 67108864 bytes", true},
		{"no memory at all", script(`echo hi`), command.Resources{Memory: 64 << 10}, false, "does not fit into its limit on memory", true},
		{"processes", script(`for i in $(seq 99); do sleep 60 & done; sleep 60`), command.Resources{Processes: 40}, false, "processes and threads than its limit of 40", true},
		{"few processes", script(`for i in 1 2 3 4 5 6 7 8 9; do sleep 60 & done; sleep 60`), command.Resources{Processes: 4}, false, "processes and threads than its limit of 4", true},
		{"a fork bomb", script(`f() { f & f & f; }; f 2>/dev/null; sleep 60`), command.Resources{Processes: 40}, false, "processes and threads than its limit of 40", true},
		{"processors", script(own + `while [ "$(grep -c '^nr_throttled 0' $C/cpu.stat)" = 1 ]; do :; done; echo throttled`), command.Resources{CPUs: 0.1}, false, "throttled", false},
		{"out of reach", script(attack), command.Resources{Memory: 1 << 28}, true, "done\n", false},
	}
	for _, test := range tests {
		for tier, without := range map[string][]string{"namespaces": nil, "subreaper": {command.LayerNamespaces}} {
			if test.namespace && without != nil {
				continue
			}
			t.Run(test.name+"/"+tier, func(t *testing.T) {
				if without == nil {
					needLayers(t, command.LayerNamespaces)
				}
				spec := test.spec
				spec.Resources = test.resources
				mark := marked(t, &spec)
				ctx, reports := record(t.Context())
				result, err := on(t, spec, without).Handler.Call(ctx, &tools.Call{})
				if result == nil && err != nil { // of what did not start
					result = tools.ErrorResult(err.Error())
				}
				if text := textOf(result); result.IsError != test.isError || !strings.Contains(text, test.want) || strings.Contains(text, "written") {
					t.Errorf("error %v: %.500s", result.IsError, text)
				}
				if u := reports.usage; u != (tools.Usage{}) && (!strings.Contains(u.Sandbox, ",cgroup") || u.CPU <= 0 || u.PeakMemory <= 0) {
					t.Errorf("reported: %+v", u)
				}
				mark.noneLeft()
			})
		}
	}
	if calls, _ := filepath.Glob(filepath.Join(root, "sluice-call-"+strconv.Itoa(os.Getpid())+"-*")); len(calls) > 0 {
		t.Errorf("%q are left", calls)
	}
}
