package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// A Layer is one of the ways in which programs are contained.
type Layer struct {
	// Name is one of the Layer constants.
	Name string `json:"name"`
	// InForce says that this machine has the layer.
	InForce bool `json:"in_force"`
	// Detail says how it is done, or why it is not.
	Detail string `json:"detail"`
}

// The layers. What each is made of depends on the system.
const (
	// LayerGroup is a session or job object that ends as one.
	LayerGroup = "group"
	// LayerShim is a process of ours between the server and the program, which ends the
	// program when the server dies: see [RunShim].
	LayerShim = "shim"
	// LayerPrivileges keeps a program from gaining rights by what it executes.
	LayerPrivileges = "no_new_privs"
	// LayerLimits are the limits on each process.
	LayerLimits = "rlimits"
	// LayerWatch looks at what the whole tree uses, from time to time.
	LayerWatch = "watch"
	// LayerSweep ends what has left the group, so that nothing outlives its call.
	LayerSweep = "sweep"
	// LayerNamespaces give a call processes of its own, with which nothing outside can
	// be seen and which end with the shim whatever happens.
	LayerNamespaces = "namespaces"
	// LayerIsolation keeps a program from tracing or signalling what is outside.
	LayerIsolation = "isolation"
	// LayerFiles holds [Spec.Read] and [Spec.Write].
	LayerFiles = "files"
	// LayerNetwork holds [Spec.NoNetwork].
	LayerNetwork = "network"
	// LayerCgroup holds [Resources].Memory for all of a tree exactly, and keeps Processes
	// from being exceeded by more than a few until [LayerWatch] sees it.
	LayerCgroup = "cgroup"
	// LayerCPUs holds [Resources].CPUs.
	LayerCPUs = "cpus"
)

// everyProgram are the layers that every program is to have.
var everyProgram = []string{
	LayerGroup, LayerShim, LayerPrivileges, LayerLimits, LayerWatch, LayerSweep, LayerNamespaces, LayerIsolation,
}

// wired says that a process started from this binary can be a shim.
var wired atomic.Bool

// RunShim lets this program start itself again, as a shim, around each program that it
// runs as a tool: call it first thing in main. A shim is a process of this binary in
// which neither main nor the inits of most packages run. Without the call, programs run
// with [LayerGroup] alone, for no library should start a binary twice that does not
// know of it.
func RunShim() { wired.Store(true) }

// Layers says what contains programs on this machine, and why other layers do not. The
// first call tries them out, which takes some milliseconds; all later ones, and the
// calls of tools, go by what it found. It is safe for concurrent use.
func Layers() []Layer { return slices.Clone(containment().layers) }

// containment is what this machine has.
var containment = sync.OnceValue(survey)

// has reports whether a layer is in force.
func (m *machine) has(name string) bool {
	return slices.ContainsFunc(m.layers, func(l Layer) bool { return l.Name == name && l.InForce })
}

// needs returns the names of the layers that the spec takes: those that every program
// gets, and those that hold what it asks for.
func (s *Spec) needs() []string {
	if s.Sandbox == SandboxOff {
		return []string{LayerGroup}
	}
	needs := slices.Clone(everyProgram)
	if s.Read != nil || s.Write != nil {
		needs = append(needs, LayerFiles)
	}
	if s.NoNetwork {
		needs = append(needs, LayerNetwork)
	}
	if s.Resources.CPUs > 0 {
		needs = append(needs, LayerCPUs)
	}
	return needs
}

// contained returns an error that names the layers the spec needs and this machine does
// not have, with the reasons.
func (s *Spec) contained(needs []string) error {
	var missing []string
	for _, l := range containment().layers {
		if !l.InForce && slices.Contains(needs, l.Name) {
			missing = append(missing, fmt.Sprintf("%s (%s)", l.Name, l.Detail))
		}
	}
	if missing == nil {
		return nil
	}
	return fmt.Errorf("%w: this machine lacks %s", ErrSandbox, strings.Join(missing, ", "))
}

// layers names the layers that a call of the program runs in: those that it needs, and
// the cgroup, which it gets where there is one.
func (p *program) layers(m *machine) string {
	var in []string
	for _, name := range append(slices.Clone(p.needs), LayerCgroup) {
		if m.has(name) {
			in = append(in, name)
		}
	}
	return strings.Join(in, ",")
}

// asked are the layers without which something that the spec says has no effect.
func (s *Spec) asked() []string {
	asked := s.needs()
	if s.Sandbox == SandboxRequire {
		return asked
	}
	asked = slices.DeleteFunc(asked, func(name string) bool { return slices.Contains(everyProgram, name) })
	if r := s.Resources; r.Memory > 0 || r.Processes > 0 {
		asked = append(asked, LayerWatch)
	}
	if r := s.Resources; r.CPU > 0 || r.Files > 0 || r.FileSize > 0 || r.AddressSpace > 0 {
		asked = append(asked, LayerLimits)
	}
	return asked
}

// errContain says that a program was not run since it could not be contained.
var errContain = errors.New("cannot be contained")
