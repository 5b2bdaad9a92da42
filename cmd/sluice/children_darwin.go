package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// children returns the process ids of the programs that this process has started
// (sysctl(3), KERN_PROC).
func children() (pids []int) {
	processes, _ := unix.SysctlKinfoProcSlice("kern.proc.all") // without them there is nothing to be done
	for _, p := range processes {
		if int(p.Eproc.Ppid) == os.Getpid() {
			pids = append(pids, int(p.Proc.P_pid))
		}
	}
	return pids
}
