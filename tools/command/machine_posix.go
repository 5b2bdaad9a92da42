//go:build unix && !linux

package command

import (
	"os"
	"syscall"

	"github.com/sluice-dev/sluice/tools/command/internal/shim"
)

// A machine is what there is to contain programs with.
type machine struct{ layers []Layer }

// shimPath is this program.
func shimPath() string {
	path, _ := os.Executable()
	return path
}

// survey says what the system has; nothing needs trying.
func survey() *machine {
	m := &machine{}
	m.add(LayerGroup, true, "a session of its own")
	m.addWired(LayerShim, "a process between the server and the program; ends the group when the server dies")
	m.addWired(LayerLimits, "processor time, open files, size of files; no core files; no limit on address space")
	for _, name := range []string{
		LayerPrivileges, LayerWatch, LayerNamespaces, LayerIsolation, LayerFiles, LayerNetwork, LayerCgroup, LayerCPUs,
	} {
		m.add(name, false, "only on Linux")
	}
	m.add(LayerSweep, false, "only on Linux: a process that starts a session of its own outlives its call")
	return m
}

// addWired adds a layer that takes a shim.
func (m *machine) addWired(name, detail string) {
	if !wired.Load() {
		detail = unwired
	}
	m.add(name, wired.Load(), detail)
}

func (m *machine) add(name string, inForce bool, detail string) {
	m.layers = append(m.layers, Layer{name, inForce, detail})
}

// tree returns a tree for one call of the program.
func (m *machine) tree(p *program) (tree, error) {
	if p.sandbox == SandboxOff || !m.has(LayerShim) {
		return &group{}, nil
	}
	r := p.resources
	return &ward{
		attributes: &syscall.SysProcAttr{Setsid: true},
		layers:     p.layers(m),
		order:      shim.Order{Limits: shim.Limits{CPU: r.CPU, FileSize: r.FileSize, Files: r.Files}},
	}, nil
}

// A cgroup is none on these systems.
type cgroup struct{}

func (*cgroup) kill()       {}
func (*cgroup) settle()     {}
func (*cgroup) used() usage { return usage{} }
func (*cgroup) remove()     {}
