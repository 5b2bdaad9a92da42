//go:build unix

package command

import (
	"errors"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sluice-dev/sluice/tools"
)

// A group is the processes of one run: on Unix those of the session that the leader
// leads, as long as they have not made a group of their own. A session rather than a
// mere group cuts the program off from the terminal of the server, so that it can
// neither read it nor be stopped for trying.
type group struct {
	leader *os.Process
	id     int
	state  *os.ProcessState // of the leader, when it has ended
}

func (g *group) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = attributes()
	if err := cmd.Start(); err != nil {
		return err
	}
	g.leader, g.id = cmd.Process, cmd.Process.Pid
	return nil
}

// terminate asks every member to end, and wakes those that are stopped so that they
// hear it.
func (g *group) terminate() {
	_ = unix.Kill(-g.id, unix.SIGTERM)
	_ = unix.Kill(-g.id, unix.SIGCONT)
}

// kill ends every member.
func (g *group) kill() { _ = unix.Kill(-g.id, unix.SIGKILL) }

// settle returns when no member is alive. Members that lost their parents and are ours
// to reap, as they are for the first process of a container, are reaped.
func (g *group) settle() usage {
	for pause := 50 * time.Microsecond; ; pause = min(pause+pause/4, time.Second) {
		alive := g.alive()
		g.reap()
		if !alive {
			return usageOf(g.state)
		}
		time.Sleep(pause)
	}
}

// exists reports whether the group has members, be they dead and not reaped. Its
// number is not given to a new process as long as it has.
func (g *group) exists() bool { return !errors.Is(unix.Kill(-g.id, 0), unix.ESRCH) }

// reap collects the dead members that are our children.
func (g *group) reap() {
	for {
		if pid, err := unix.Wait4(-g.id, nil, unix.WNOHANG, nil); err != nil || pid <= 0 {
			return
		}
	}
}

// usageOf returns what a process has used that was our own child, with those that it waited for. Its peak
// of memory is not known: the system counts in what the server had when it started it.
func usageOf(state *os.ProcessState) usage {
	if state == nil {
		return usage{}
	}
	return usage{Usage: tools.Usage{CPU: state.UserTime() + state.SystemTime()}}
}
