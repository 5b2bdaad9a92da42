package shim

import (
	"errors"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxrssUnit is in what ru_maxrss counts, in bytes (getrusage(2)).
const maxrssUnit = 1 << 10

// attributes make the program lead a session, and die with the shim.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: unix.SIGKILL}
}

func redirect(to, fd int) error { return unix.Dup3(to, fd, 0) }

// await reaps what falls to the shim until the program has ended, kills what that has
// left behind in its group, and returns how it ended. It is reaped after that, so that
// its number is nobody else's.
func (w *warden) await() unix.WaitStatus {
	for {
		pid := peek()
		if pid != w.leader {
			_, _ = unix.Wait4(pid, nil, 0, nil)
			continue
		}
		w.mu.Lock()
		w.kill()
		w.leader = 0
		w.mu.Unlock()
		var status unix.WaitStatus
		_, _ = unix.Wait4(pid, &status, 0, nil)
		return status
	}
}

// peek returns a child that has ended, and does not reap it.
func peek() int {
	for {
		var info unix.Siginfo
		if unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOWAIT, nil) == nil {
			// Behind three numbers comes a union aligned like a pointer, of which the
			// process id is first (sigaction(2)).
			const word = unsafe.Sizeof(uintptr(0))
			const behind = (3*4 + word - 1) / word * word
			return int(*(*int32)(unsafe.Add(unsafe.Pointer(&info), behind)))
		}
	}
}

// kill ends every process that can be reached at once: all but the shim in its own
// namespace, which nothing can leave, and the program's group otherwise.
func (w *warden) kill() {
	target := -w.leader
	if w.order.Init {
		target = -1
	}
	_ = unix.Kill(target, unix.SIGKILL)
}

// sweep ends what the program has left behind: all of it falls to the shim, since that
// is the first process of a namespace or a subreaper. Only children are killed, whose
// numbers cannot be another's until they are reaped; with them their own children fall
// to the shim, and so on.
func (w *warden) sweep() {
	for {
		for {
			pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
			if errors.Is(err, unix.ECHILD) {
				return
			}
			if pid <= 0 && !errors.Is(err, unix.EINTR) {
				break
			}
		}
		if w.order.Init {
			_ = unix.Kill(-1, unix.SIGKILL)
		} else {
			killChildren()
		}
		_, _ = unix.Wait4(-1, nil, 0, nil)
	}
}

func killChildren() {
	self := selfPID()
	for _, p := range processes() {
		if p.Parent == self {
			_ = unix.Kill(p.PID, unix.SIGKILL)
		}
	}
}
