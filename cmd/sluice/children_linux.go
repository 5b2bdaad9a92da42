package main

import (
	"os"
	"strconv"
	"strings"
)

// children returns the process ids of the programs that this process has started
// (proc(5), /proc/pid/stat).
func children() (pids []int) {
	self := strconv.Itoa(os.Getpid())
	entries, _ := os.ReadDir("/proc") // without one there is nothing to be done
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		text, _ := os.ReadFile("/proc/" + entry.Name() + "/stat")
		// The name, in parentheses, may hold anything; the state and the parent follow.
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if len(fields) > 1 && fields[1] == self {
			pids = append(pids, pid)
		}
	}
	return pids
}
