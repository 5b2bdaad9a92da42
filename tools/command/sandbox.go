package command

import (
	"errors"
	"fmt"
	"time"

	"github.com/sluice-dev/sluice/tools/command/internal/shim"
)

// Sandbox says how much a tool insists on being contained.
type Sandbox string

const (
	// SandboxAuto applies every layer that this machine has; see [Layers].
	SandboxAuto Sandbox = ""
	// SandboxRequire refuses the tool where a layer that it needs is missing.
	SandboxRequire Sandbox = "require"
	// SandboxOff runs the program with nothing but its process group (on Windows its
	// job object) around it. [Spec.Resources], Read, Write and NoNetwork are then
	// errors.
	SandboxOff Sandbox = "off"
)

// ErrSandbox is wrapped by the error of [New] for a tool with [SandboxRequire] that
// cannot be contained on this machine, and by that of [Spec.Check] for one that asks
// for what this machine does not have.
var ErrSandbox = errors.New("not contained")

// Resources bound what one call of a program may use, with all that the program
// starts. The zero value of each takes its default. A program that is ended for one of
// them has a result that names it. Which can be held depends on the machine: see
// [Layers].
type Resources struct {
	// CPU is the processor time. It binds each process, to the second above, and the
	// whole tree where [LayerWatch] is in force. Defaults to no limit.
	CPU time.Duration

	// CPUs is how many processors all of it may keep busy, such as 0.5. It takes
	// [LayerCgroup]. Defaults to no limit.
	CPUs float64

	// Memory is how many bytes may be resident. A cgroup holds it exactly; elsewhere a
	// tree that has more is seen and ended within some 20 ms. Defaults to no limit.
	Memory int64

	// AddressSpace is how many bytes each process may map (RLIMIT_AS). Programs in
	// Go, Node or Java map far more than they use, and do not start with less than
	// about 4 GiB: [Resources].Memory is what most want. Defaults to no limit.
	AddressSpace int64

	// Processes is how many processes and threads there may be. Defaults to 1024; a
	// negative number means no limit.
	Processes int64

	// Files is how many files each process may have open. Defaults to no limit but the
	// system's.
	Files int64

	// FileSize is how many bytes a file may have that a process writes. Defaults to no
	// limit.
	FileSize int64
}

// defaultProcesses is far above what tools need, builds with many threads included,
// and far below what brings a machine down.
const defaultProcesses = 1024

func (r Resources) withDefaults() Resources {
	if r.Processes == 0 {
		r.Processes = defaultProcesses
	}
	r.Processes = max(r.Processes, 0)
	return r
}

func (r Resources) check() error {
	if r.CPU < 0 || r.CPUs < 0 || r.Memory < 0 || r.AddressSpace < 0 || r.Files < 0 || r.FileSize < 0 {
		return errors.New("of the limits on resources only that on processes may be negative")
	}
	return nil
}

// exceeded says which limit a program was ended for.
func (r Resources) exceeded(limit string) string {
	switch limit {
	case shim.LimitCPU:
		return fmt.Sprintf("was ended: it used more than its limit of %v of processor time. Ask for less at once.", r.CPU)
	case shim.LimitMemory:
		return fmt.Sprintf("was ended: it took more memory than its limit of %d bytes. Ask for less at once.", r.Memory)
	case shim.LimitProcesses:
		return fmt.Sprintf("was ended: it started more processes and threads than its limit of %d. Trying again is of no use.", r.Processes)
	}
	return fmt.Sprintf("was ended: it wrote a file of more than its limit of %d bytes. Ask for less at once.", r.FileSize)
}

// refused says how a program ended by itself that the system refused what is above its
// limit on processes.
func (r Resources) refused(e ending) string {
	return fmt.Sprintf("ended with exit code %d: it was refused more processes and threads than its limit of %d. Trying again is of no use.", e.code, r.Processes)
}

// sandboxed checks what the spec says of its sandbox.
func (s *Spec) sandboxed() error {
	switch s.Sandbox {
	case SandboxAuto, SandboxRequire:
		return s.Resources.check()
	case SandboxOff:
		if s.Resources != (Resources{}) || s.Read != nil || s.Write != nil || s.NoNetwork {
			return errors.New("the sandbox is off: limits on resources, files and the network have no effect")
		}
		return nil
	}
	return fmt.Errorf("the sandbox may be %q or %q, not %q", SandboxRequire, SandboxOff, s.Sandbox)
}
