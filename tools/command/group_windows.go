package command

import (
	"os"
	"os/exec"

	"golang.org/x/sys/windows"

	"github.com/sluice-dev/sluice/tools/internal/job"
)

// A group is the processes of one run: on Windows those of a job object. It holds
// whatever the leader starts, ends with the last handle to it, so with us too, and
// cannot be left.
type group struct {
	leader *os.Process
	job    windows.Handle
	limits Resources
	layers string // for the record
}

func (g *group) start(cmd *exec.Cmd) error {
	job, err := job.Start(cmd, g.limits.job())
	if err != nil {
		return err
	}
	g.leader, g.job = cmd.Process, job
	return nil
}

// terminate ends every member: Windows has no signal that asks.
func (g *group) terminate() { g.kill() }

// kill ends every member.
func (g *group) kill() { _ = windows.TerminateJobObject(g.job, 1) }

// wait returns how the leader ended, and calls seal.
func (g *group) wait(seal func()) (ending, error) {
	state, err := g.leader.Wait()
	seal()
	return endingOf(state), err
}

// settle lets go of the job, which ends whatever is left in it, and returns what it has
// used.
func (g *group) settle() usage {
	used := g.used()
	g.close()
	return used
}

func (g *group) close() {
	if g.job != 0 {
		_ = windows.CloseHandle(g.job)
	}
}
