//go:build unix && !linux

package command

import "syscall"

// attributes make the leader lead a session. There is no way to make it die with us.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// wait returns how the leader ended, and calls seal. The leader is reaped by then: waitid, which could wait without reaping, also returns for a
// process that is merely stopped on some of these systems. Its number could in theory
// be that of a new group by the time of the signal; they are handed out in turn, so
// that it takes all the others to be used up in some microseconds.
func (g *group) wait(seal func()) (ending, error) {
	var err error
	g.state, err = g.leader.Wait()
	seal()
	return endingOf(g.state), err
}

// alive reports whether the group has members.
func (g *group) alive() bool { return g.exists() }
