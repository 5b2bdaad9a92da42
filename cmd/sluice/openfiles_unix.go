//go:build unix

package main

import "syscall"

// mayOpen returns how many files this process may have open; 0 where nothing says so. It
// is the hard limit: Go raises the soft one as a process starts.
func mayOpen() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil || limit.Cur > 1<<30 {
		return 0
	}
	return int(limit.Cur)
}
