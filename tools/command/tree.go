package command

import "os/exec"

// A tree is a program that runs, its leader, and what that has started in turn. Its
// methods are called in this order: start; terminate and kill, any number of times,
// until seal has returned; wait, which calls seal; settle.
type tree interface {
	// start starts the leader. With an error nothing is left behind.
	start(cmd *exec.Cmd) error
	// wait returns how the leader ended. In between it calls seal.
	wait(seal func()) (ending, error)
	// settle returns what all have used when none is alive, however long it takes.
	settle() usage
	// terminate asks those that can be reached to end, kill ends them.
	terminate()
	kill()
}
