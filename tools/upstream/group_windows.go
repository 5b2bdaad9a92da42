package upstream

import (
	"os"
	"os/exec"

	"golang.org/x/sys/windows"

	"github.com/sluice-dev/sluice/tools/internal/job"
)

// A group is the processes in the job object of a program. It ends with the last handle
// to it, so with us too.
type group struct{ job windows.Handle }

func (g *group) start(cmd *exec.Cmd) (err error) {
	g.job, err = job.Start(cmd, job.Limits{})
	return err
}

// terminate does nothing: there is no way to ask a process without a console.
func (g *group) terminate(*os.Process) {}

// kill ends every member.
func (g *group) kill(*os.Process) { _ = windows.TerminateJobObject(g.job, 1) }

// wait returns when the leader has ended, and calls seal.
func (g *group) wait(cmd *exec.Cmd, seal func()) {
	_ = cmd.Wait() // how it ended is in ProcessState
	seal()
	g.release()
}

// release lets go of the job, which ends whatever is left in it.
func (g *group) release() { _ = windows.CloseHandle(g.job) }
