//go:build unix && !linux

package upstream

import (
	"os/exec"
	"syscall"
)

// attributes make the program lead a session. There is no way to make it die with us;
// it finds its stdin closed.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// wait returns when the leader has ended, and calls seal. The leader is reaped by then;
// process numbers are handed out in turn, so that its own is not another's so soon.
func (group) wait(cmd *exec.Cmd, seal func()) {
	_ = cmd.Wait() // how it ended is in ProcessState
	seal()
}
