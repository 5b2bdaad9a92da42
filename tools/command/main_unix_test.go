//go:build unix

package command_test

import (
	"os"
	"syscall"
)

var (
	termination = []os.Signal{syscall.SIGTERM, syscall.SIGHUP}
	escaped     = &syscall.SysProcAttr{Setsid: true}
)

func init() {
	children["stop"] = func([]string) {
		ready()
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		linger()
	}
	children["suicide"] = func([]string) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		linger()
	}
}
