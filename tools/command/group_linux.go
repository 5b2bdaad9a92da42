package command

import (
	"errors"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/sluice-dev/sluice/tools/command/internal/shim"
)

// attributes make the leader die with us, however we die.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}

// wait returns how the leader ended. In between it calls seal: the leader is not reaped
// yet then, so that nobody else can have its number.
func (g *group) wait(seal func()) (ending, error) {
	for {
		err := unix.Waitid(unix.P_PID, g.id, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	seal()
	var err error
	g.state, err = g.leader.Wait()
	return endingOf(g.state), err
}

// alive reports whether a member of the group lives. In a container whose first
// process reaps nobody the dead stay members for ever, so that their state must be
// looked at; that is seldom needed, for mostly there are no members.
func (g *group) alive() bool {
	if !g.exists() {
		return false
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return true
	}
	return slices.ContainsFunc(entries, func(entry os.DirEntry) bool {
		p, ok := shim.ReadProcess(entry.Name())
		return ok && p.Group == g.id && p.Alive()
	})
}
