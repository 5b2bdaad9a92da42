package command

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/sluice-dev/sluice/tools/command/internal/shim"
)

// A machine is what there is to contain programs with.
type machine struct {
	layers   []Layer
	shim     bool
	cloning  uintptr  // the namespaces of every program; 0 for none
	network  bool     // a network namespace may be had as well
	seccomp  bool     // sockets may be refused
	mount    bool     // a /proc of its own may be mounted in the namespaces
	landlock int      // the ABI; 0 for none
	readOnly []string // mounts that programs may not write to
	cgroups  *cgroups
}

const (
	ownMounts    = unix.CLONE_NEWNS
	ownProcesses = unix.CLONE_NEWUSER | unix.CLONE_NEWPID | ownMounts
	ownNetwork   = unix.CLONE_NEWNET
)

// shimPath is this program, also where its file has been replaced since.
func shimPath() string {
	const self = "/proc/self/exe"
	if _, err := os.Lstat(self); err == nil {
		return self
	}
	path, _ := os.Executable()
	return path
}

// survey tries what this machine has.
func survey() *machine {
	m := &machine{}
	m.add(LayerGroup, true, "a session of its own")
	if !wired.Load() {
		for _, name := range append(everyProgram[1:], LayerFiles, LayerNetwork, LayerCgroup, LayerCPUs) {
			m.add(name, false, unwired)
		}
		return m
	}
	found, why := m.try()
	if m.shim = found != nil; !m.shim {
		for _, name := range append(everyProgram[1:], LayerFiles, LayerNetwork, LayerCgroup, LayerCPUs) {
			m.add(name, false, "no shim can be started: "+why)
		}
		return m
	}
	m.judge(found, why)
	return m
}

// try asks a shim what works, in as many namespaces as there may be. It returns why
// there may not be all.
func (m *machine) try() (found *shim.Findings, why string) {
	for _, cloning := range []uintptr{ownProcesses | ownNetwork, ownProcesses, 0} {
		var err error
		if found, err = probe(cloning); err == nil {
			m.cloning, m.network = cloning&ownProcesses, cloning&ownNetwork != 0
			return found, why
		}
		why = err.Error()
	}
	return nil, why
}

func probe(cloning uintptr) (*shim.Findings, error) {
	w := &ward{order: shim.Order{Probe: true, Init: cloning != 0, ReadOnly: shim.ListOf(cgroupMounts())}, attributes: attributesOf(cloning)}
	defer w.abandon()
	report, err := w.launch(&exec.Cmd{Path: shimPath(), Args: []string{shim.Name, "probe"}, Env: shimEnv})
	switch {
	case err != nil:
		return nil, err
	case report.Found == nil:
		return nil, errors.New("it found nothing")
	}
	return report.Found, nil
}

// attributesOf returns how a shim is started in namespaces. As root it keeps all users
// that we know, so that it may do to files what we may; otherwise it is the one that it
// was, and can mount for a moment.
func attributesOf(cloning uintptr) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setsid: true, Cloneflags: cloning}
	if cloning == 0 {
		return a
	}
	a.Pdeathsig = syscall.SIGKILL
	if a.GidMappingsEnableSetgroups = os.Geteuid() == 0; a.GidMappingsEnableSetgroups {
		a.UidMappings, a.GidMappings = everyID("/proc/self/uid_map"), everyID("/proc/self/gid_map")
		return a
	}
	a.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
	a.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
	a.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN}
	return a
}

// everyID maps each number that a map of ours knows to itself
// (user_namespaces(7), "User and group ID mappings").
func everyID(file string) (ids []syscall.SysProcIDMap) {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		var inside, outside, size int64
		if _, err := fmt.Sscan(line, &inside, &outside, &size); err == nil {
			size = min(size, math.MaxInt32-inside)
			ids = append(ids, syscall.SysProcIDMap{ContainerID: int(inside), HostID: int(inside), Size: int(size)})
		}
	}
	return ids
}

func (m *machine) add(name string, inForce bool, detail string) {
	m.layers = append(m.layers, Layer{name, inForce, detail})
}

// tree returns a tree for one call of the program.
func (m *machine) tree(p *program) (tree, error) {
	if p.sandbox == SandboxOff || !m.shim {
		return &group{}, nil
	}
	r, cloning := p.resources, m.cloning
	w := &ward{layers: p.layers(m)}
	w.order = shim.Order{
		Init: cloning != 0, Mount: m.mount, ReadOnly: shim.ListOf(m.readOnly),
		Landlock: m.landlock, Confined: p.confined && m.landlock > 0, ReadAll: p.read == nil,
		Read: shim.ListOf(p.read), Write: shim.ListOf(p.write),
		NoSockets: p.noNetwork && !m.network && m.seccomp,
		Limits: shim.Limits{
			CPU: r.CPU, FileSize: r.FileSize, Files: r.Files, AddressSpace: r.AddressSpace,
			Memory: r.Memory, Processes: r.Processes,
		},
	}
	if cloning != 0 && p.noNetwork && m.network {
		cloning |= ownNetwork
	}
	if cloning != 0 && r.Processes > 0 && os.Geteuid() != 0 {
		// Root is not counted. The watch is to see and name what is over the limit; this
		// is for what is faster.
		w.order.Limits.UserTasks = 2*r.Processes + shimTasks
	}
	w.attributes = attributesOf(cloning)
	return w, m.cgroups.enter(w, r)
}

// shimTasks is more threads than a shim ever has: they are counted with those of its
// program.
const shimTasks = 16
