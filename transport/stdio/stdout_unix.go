//go:build unix

package stdio

import (
	"os"

	"golang.org/x/sys/unix"
)

// moveStdout duplicates file descriptor 1 away, closed on exec, and makes it one for
// stderr.
func moveStdout() (*os.File, error) {
	fd, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	if err := replace(1, 2); err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("dup2", err)
	}
	return os.NewFile(uintptr(fd), "client"), nil
}
