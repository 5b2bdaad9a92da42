package shim

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// confine puts the calling thread, and the process where nothing less will do, into the
// containment that the program is to have. The thread cannot get out again.
func confine(o *Order) error {
	if err := adoptOrphans(o); err != nil {
		return err
	}
	preferForKilling()
	if err := limitFiles(&o.Limits); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("no_new_privs", err)
	}
	if err := restrict(o); err != nil {
		return err
	}
	// Those of the shim's namespace were for the mount.
	_ = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
	if o.NoSockets {
		return refuseSockets()
	}
	return nil
}

// adoptOrphans makes the shim the parent of all that have lost theirs.
func adoptOrphans(o *Order) error {
	if o.Mount {
		if err := errors.Join(mountProc(), mountReadOnly(o.ReadOnly)); err != nil {
			return err
		}
	}
	if o.Init {
		return nil
	}
	return os.NewSyscallError("subreaper", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
}

// mountProc shows the namespace its own processes, and not those outside. The mount
// namespace is the shim's own.
func mountProc() error {
	const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	return os.NewSyscallError("mount", unix.Mount("proc", "/proc", "proc", flags, ""))
}

// mountReadOnly makes the namespace's own views of mounts such that nothing can be
// written through them: those of the cgroups, through which the program could lift its
// limits, or end what is in other groups. The other flags may not be taken away.
func mountReadOnly(mounts List) error {
	for _, path := range mounts.Texts() {
		var stat unix.Statfs_t
		if err := unix.Statfs(path, &stat); err != nil {
			return os.NewSyscallError("statfs", err)
		}
		// Of the flags that statfs tells, these have the numbers that mount knows.
		const kept = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_NOATIME | unix.MS_NODIRATIME
		flags := uintptr(stat.Flags)&kept | unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY
		if stat.Flags&unix.ST_RELATIME != 0 {
			flags |= unix.MS_RELATIME
		}
		if err := unix.Mount("", path, "", flags, ""); err != nil {
			return os.NewSyscallError("remount", err)
		}
	}
	return nil
}

// preferForKilling has the kernel, where memory runs out, choose a tool before the
// server (proc(5), /proc/pid/oom_score_adj). Where that is not allowed, they are equal.
func preferForKilling() {
	const file = "/proc/self/oom_score_adj"
	text, err := os.ReadFile(file)
	if err != nil {
		return
	}
	score, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err == nil {
		_ = os.WriteFile(file, strconv.AppendInt(nil, int64(min(score+500, 1000)), 10), 0)
	}
}

// limitLeader sets the limits that would hit the shim as well if the program were to
// inherit them. It has run for some microseconds then. What it mapped in that time
// counts in its address space all the same, and what it used up in its time; only a
// process that it started in that time is without, and [warden.watch] counts the time
// of all.
func limitLeader(pid int, l *Limits) {
	set := func(resource int, soft, hard int64) {
		if soft > 0 {
			_ = unix.Prlimit(pid, resource, &unix.Rlimit{Cur: uint64(soft), Max: uint64(hard)}, nil)
		}
	}
	cpu := seconds(l.CPU)
	set(unix.RLIMIT_CPU, cpu, cpu+1) // the second is for those that ignore SIGXCPU
	set(unix.RLIMIT_AS, l.AddressSpace, l.AddressSpace)
	set(unix.RLIMIT_NPROC, l.UserTasks, l.UserTasks)
}

// find tries each layer by itself, and says what it found.
func find(o *Order) *Findings {
	f := &Findings{NoNewPrivileges: text(unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))}
	f.Subreaper = text(unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
	f.Seccomp = text(refuseSockets())
	if o.Init {
		f.Mount = text(mountProc())
		f.ReadOnly = text(mountReadOnly(o.ReadOnly))
	}
	if selfPID() == 0 {
		f.Proc = "there is no /proc"
	}
	var err error
	f.LandlockABI, err = landlockABI()
	f.Landlock = text(err)
	return f
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
