package stdio

import (
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// moveStdout keeps the handle of stdout for the client, not to be inherited, and
// makes stderr's the standard output of the process.
func moveStdout() (*os.File, error) {
	client := os.Stdout
	if err := windows.SetHandleInformation(windows.Handle(client.Fd()), windows.HANDLE_FLAG_INHERIT, 0); err != nil {
		return nil, os.NewSyscallError("SetHandleInformation", err)
	}
	if err := windows.SetStdHandle(windows.STD_OUTPUT_HANDLE, windows.Handle(os.Stderr.Fd())); err != nil {
		return nil, os.NewSyscallError("SetStdHandle", err)
	}
	syscall.Stdout = syscall.Stderr
	return client, nil
}
