package command

import (
	"fmt"

	"github.com/sluice-dev/sluice/tools/command/internal/shim"
)

// judge makes layers of what a shim found; why says why it had not all namespaces.
func (m *machine) judge(f *shim.Findings, why string) {
	m.add(LayerShim, true, "a process between the server and the program; ends it when the server dies")
	m.verdict(LayerPrivileges, f.NoNewPrivileges, "what a program executes gives it no rights")
	m.add(LayerLimits, true, "processor time, open files, size of files, address space; no core files")
	m.verdict(LayerWatch, f.Proc, "processor time, memory and processes of the tree, every 20 ms")
	m.verdict(LayerSweep, first(f.Subreaper, f.Proc), "processes that left their group fall to the shim")
	m.mount = m.cloning != 0 && f.Mount == ""
	if !m.mount {
		m.cloning &^= ownMounts
	}
	switch {
	case m.cloning == 0:
		m.add(LayerNamespaces, false, why)
	case !m.mount:
		m.add(LayerNamespaces, true, "user and process ids; /proc is the server's: "+f.Mount)
	default:
		m.add(LayerNamespaces, true, "user, process ids, mounts")
	}
	m.judgeLandlock(f)
	m.judgeNetwork(f, why)
	m.cgroups = openCgroups()
	if m.mount && f.ReadOnly == "" {
		m.readOnly = cgroupMounts()
		m.cgroups.sealed = true
	}
	m.add(LayerCgroup, m.cgroups.have("memory") && m.cgroups.have("pids"), m.cgroups.String())
	m.add(LayerCPUs, m.cgroups.have("cpu"), m.cgroups.String())
}

func (m *machine) judgeLandlock(f *shim.Findings) {
	if f.LandlockABI == 0 {
		m.add(LayerIsolation, false, "no Landlock: "+f.Landlock)
		m.add(LayerFiles, false, "no Landlock: "+f.Landlock)
		return
	}
	m.landlock = f.LandlockABI
	abi := fmt.Sprintf("Landlock, ABI %d", m.landlock)
	if m.landlock < 6 {
		m.add(LayerIsolation, false, abi+", does not stop signals, which takes 6")
	} else {
		m.add(LayerIsolation, true, abi)
	}
	m.add(LayerFiles, true, abi)
}

func (m *machine) judgeNetwork(f *shim.Findings, why string) {
	m.seccomp = f.Seccomp == ""
	switch {
	case m.network:
		m.add(LayerNetwork, true, "a network namespace without any interface; UNIX sockets in the file system remain")
	case m.seccomp:
		m.add(LayerNetwork, true, "seccomp refuses all sockets but UNIX ones; no network namespace: "+why)
	default:
		m.add(LayerNetwork, false, "no network namespace: "+why+"; "+f.Seccomp)
	}
}

func (m *machine) verdict(name, problem, detail string) {
	m.add(name, problem == "", first(problem, detail))
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
