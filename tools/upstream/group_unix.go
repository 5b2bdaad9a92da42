//go:build unix

package upstream

import (
	"os"
	"os/exec"
	"syscall"
)

// A group is the processes of the session that a program leads. A session rather than a
// mere group cuts it off from the terminal: Ctrl-C is for us, so that calls are
// cancelled before the server goes.
type group struct{}

func (group) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = attributes()
	return cmd.Start()
}

// terminate asks every member to end, and wakes those that are stopped to hear it.
func (group) terminate(leader *os.Process) {
	_ = syscall.Kill(-leader.Pid, syscall.SIGTERM)
	_ = syscall.Kill(-leader.Pid, syscall.SIGCONT)
}

// kill ends every member.
func (group) kill(leader *os.Process) { _ = syscall.Kill(-leader.Pid, syscall.SIGKILL) }
