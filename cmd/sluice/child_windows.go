package main

import (
	"os/exec"
	"syscall"
)

// isolate has cmd start in a process group of its own: Ctrl-C is for us, so that the
// call is cancelled before the server goes.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// terminate does nothing: there is no way to ask a process without a console.
func terminate(*exec.Cmd) {}

// kill ends the process.
func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
