package command

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

// A stat is what the kernel says of a process (proc(5), /proc/pid/stat).
type stat struct {
	state   string
	group   int
	threads int
}

// alive reports whether the process has not ended. The state is that of its first
// thread: a process counts as a zombie although it still has its files and its
// children, and cannot be reaped, until its other threads have ended as well.
func (s stat) alive() bool {
	return s.state != "Z" && s.state != "X" || s.threads > 1
}

// readStat returns what the kernel says of a process; false if there is none.
func readStat(pid string) (stat, bool) {
	if pid[0] < '0' || pid[0] > '9' {
		return stat{}, false
	}
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return stat{}, false
	}
	return parseStat(text)
}

func parseStat(text []byte) (stat, bool) {
	// The second field is the name in parentheses, which may hold anything; the
	// state, the third, is the first behind it.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 18 {
		return stat{}, false
	}
	group, err := strconv.Atoi(fields[2])
	if err != nil {
		return stat{}, false
	}
	threads, err := strconv.Atoi(fields[17])
	return stat{state: fields[0], group: group, threads: threads}, err == nil
}
