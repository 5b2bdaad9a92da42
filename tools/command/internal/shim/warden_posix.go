//go:build unix && !linux

package shim

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// maxrssUnit is in what ru_maxrss counts, in bytes (getrusage(2) of macOS).
const maxrssUnit = 1

// attributes make the program lead a session.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func redirect(to, fd int) error { return unix.Dup2(to, fd) }

// await returns how the program ended. It is reaped by then: see [warden.kill].
func (w *warden) await() unix.WaitStatus {
	var status unix.WaitStatus
	for {
		pid, err := unix.Wait4(w.leader, &status, 0, nil)
		if pid == w.leader || !errors.Is(err, unix.EINTR) {
			break
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kill()
	return status
}

// kill ends the program's group. Where the program is reaped and the group empty its
// number could in theory be another's; numbers are handed out in turn, so that it takes
// all the others to be used up in some microseconds.
func (w *warden) kill() { _ = unix.Kill(-w.leader, unix.SIGKILL) }

// patience is how long a shim waits for the dead to be gone.
const patience = time.Second

// sweep waits until the group is empty. What has left it is out of reach: these
// systems have nobody to whom orphans fall but their first process.
func (w *warden) sweep() {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if errors.Is(unix.Kill(-w.leader, 0), unix.ESRCH) {
			break
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.leader = 0
}

// watch does nothing: what a tree uses is not to be seen cheaply on these systems.
func (w *warden) watch() {}

// find reports nothing that would need trying.
func find(*Order) *Findings { return &Findings{} }

// confine sets the limits that the program inherits. The shim itself, which has them
// too, uses no processor time to speak of.
func confine(o *Order) error {
	if o.Limits.CPU > 0 {
		if err := lower(unix.RLIMIT_CPU, seconds(o.Limits.CPU)); err != nil {
			return err
		}
	}
	return limitFiles(&o.Limits)
}

// limitLeader sets nothing: a process can only limit itself here.
func limitLeader(int, *Limits) {}
