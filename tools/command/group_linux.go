package command

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes make the leader die with us, however we die.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}

// wait returns the state of the leader when it has ended. In between it calls seal:
// the leader is not reaped yet then, so that nobody else can have its number.
func (g *group) wait(leader *os.Process, seal func()) (*os.ProcessState, error) {
	for {
		err := unix.Waitid(unix.P_PID, leader.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	seal()
	return leader.Wait()
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
		state, id, ok := readStat(entry.Name())
		return ok && id == g.id && state != "Z" && state != "X"
	})
}

// readStat returns the state and the process group of a process (proc(5)); false if
// there is no such process.
func readStat(pid string) (state string, group int, ok bool) {
	if pid == "" || pid[0] < '0' || pid[0] > '9' {
		return "", 0, false
	}
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return "", 0, false
	}
	// The second field is the name in parentheses, which may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 3 {
		return "", 0, false
	}
	group, err = strconv.Atoi(fields[2])
	return fields[0], group, err == nil
}
