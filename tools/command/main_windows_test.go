package command_test

import (
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

var (
	termination = []os.Signal{os.Interrupt}
	escaped     = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
)
