//go:build unix

package systemd

import "syscall"

// closeOnExec keeps a socket from the programs that this process starts.
func closeOnExec(fd int) { syscall.CloseOnExec(fd) }
