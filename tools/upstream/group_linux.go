package upstream

import (
	"errors"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes make the program die with us, however we die.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}

// wait returns when the leader has ended, and calls seal before it is reaped: until then
// nobody else can have its number, and Wait may stay for what holds its stderr.
func (group) wait(cmd *exec.Cmd, seal func()) {
	for {
		err := unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	seal()
	_ = cmd.Wait() // how it ended is in ProcessState
}
