package command

import (
	"fmt"
	"os"
	"syscall"

	"github.com/sluice-dev/sluice/tools"
)

// An ending is how a leader ended: by an exit code or by a signal.
type ending struct {
	code   int
	signal syscall.Signal // 0 for none
}

func (e ending) success() bool { return e.code == 0 && e.signal == 0 }

// String says how a program ended that did not succeed.
func (e ending) String() string {
	if e.signal == 0 {
		return fmt.Sprintf("ended with exit code %d.", e.code)
	}
	text := fmt.Sprintf("was killed by signal %d (%v)", e.signal, e.signal)
	if e.signal == syscall.SIGKILL {
		text += ", not by this server: most often that means that memory ran out"
	}
	return text + "."
}

// A usage is what a tree has used, and the limit for which it was ended, if any.
type usage struct {
	tools.Usage
	limit string
}

// endingOf returns how a process ended that was our own child.
func endingOf(state *os.ProcessState) ending {
	if state == nil {
		return ending{}
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return ending{signal: status.Signal()}
	}
	return ending{code: state.ExitCode()}
}
