//go:build linux || darwin

package main

import "syscall"

// killChildren ends the programs that this process has started, each with its group,
// so that none outlives a process that ends at once. Whoever started one has its
// process ended in order; this is for when there is no time for that.
func killChildren() {
	for _, pid := range children() {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may lead no group
	}
}
