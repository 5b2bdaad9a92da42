//go:build unix

package shim

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// limitFiles sets the limits that do the shim no harm and that the program inherits, so
// that it never runs without: no core files, the size of files, the number of open
// ones.
func limitFiles(l *Limits) error {
	if err := lower(unix.RLIMIT_CORE, 0); err != nil {
		return err
	}
	if l.FileSize > 0 {
		if err := lower(unix.RLIMIT_FSIZE, l.FileSize); err != nil {
			return err
		}
	}
	if l.Files > 0 {
		return lower(unix.RLIMIT_NOFILE, l.Files)
	}
	return nil
}

// lower sets a limit for good, and leaves one that is lower already.
func lower(resource int, to int64) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(resource, &limit); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	limit.Cur, limit.Max = least(limit.Cur, to), least(limit.Max, to)
	return os.NewSyscallError("setrlimit", unix.Setrlimit(resource, &limit))
}

// seconds rounds a time up to what the system counts in.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// least returns the lower of a limit as the system has it and one of ours. The types
// differ between systems.
func least[T int64 | uint64](have T, to int64) T {
	if uint64(to) < uint64(have) {
		return T(to)
	}
	return have
}
