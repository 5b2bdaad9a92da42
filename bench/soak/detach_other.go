//go:build !unix

package main

import "os/exec"

// detach has nothing to do: there are no sessions.
func detach(*exec.Cmd) {}
