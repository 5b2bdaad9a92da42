package shim

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The access rights of Landlock to files (landlock(7)), by what a list allows.
const (
	accessRead  = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	accessFirst = unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1 // all that ABI 1 knows
	// accessNothing is what a domain must have and a program hardly ever does; that of
	// moving files between directories is denied by any domain which does not allow it.
	accessNothing = unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK | unix.LANDLOCK_ACCESS_FS_REFER
	// accessFile is what may be allowed for something that is no directory.
	accessFile = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE |
		unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
)

// systemFiles may always be read by a confined program: what programs are made of and
// look up, and nothing of anybody's own.
var systemFiles = []string{
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt",
	"/nix/store", "/gnu/store", "/run/current-system", "/proc", "/sys/devices/system/cpu",
}

// devices may always be read and written.
var devices = []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}

// landlockABI returns the version of Landlock in this kernel.
func landlockABI() (int, error) {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0, os.NewSyscallError("landlock", errno)
	}
	return int(abi), nil
}

// handled are the rights to files that exist in an ABI.
func handled(abi int) uint64 {
	access := uint64(accessFirst)
	if abi >= 2 {
		access |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi >= 3 {
		access |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if abi >= 5 {
		access |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	return access
}

// restrict puts the calling thread into a Landlock domain. A process in a domain that
// has to do with files can neither trace one outside nor read its memory or
// environment, and from ABI 6 on can send it no signal: so the program reaches neither
// its shim nor its server. Where files are not confined, the domain is one that changes
// nothing for them, which ABI 1 does not have.
func restrict(o *Order) error {
	attr := unix.LandlockRulesetAttr{Handled_access_fs: accessNothing}
	switch {
	case o.Confined:
		attr.Handled_access_fs = handled(o.Landlock)
	case o.Landlock < 2:
		return nil
	}
	if o.Landlock >= abiSignals {
		attr.Scoped = unix.LANDLOCK_SCOPE_SIGNAL | unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
	}
	size := unsafe.Offsetof(attr.Handled_access_net) // all that ABI 1 knows
	if attr.Scoped != 0 {
		size = unsafe.Offsetof(attr.Quiet_access_fs)
	}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if errno != 0 {
		return os.NewSyscallError("landlock_create_ruleset", errno)
	}
	r := ruleset{fd: int(fd), handled: attr.Handled_access_fs}
	defer func() { _ = unix.Close(r.fd) }()
	if err := r.allow(o); err != nil {
		return err
	}
	if _, _, errno = unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return os.NewSyscallError("landlock_restrict_self", errno)
	}
	return nil
}

// A ruleset is what a domain is made from.
type ruleset struct {
	fd      int
	handled uint64
}

// allow adds a rule for each path of the lists.
func (r ruleset) allow(o *Order) error {
	if !o.Confined {
		return r.add(accessNothing, "/")
	}
	read := append(systemFiles, string(o.Path))
	if o.ReadAll {
		read = []string{"/"}
	}
	return errors.Join(
		r.add(accessRead, read...), r.add(accessRead, o.Read.Texts()...),
		r.add(accessFile, devices...), r.add(r.handled, o.Write.Texts()...),
	)
}

// add allows access to what is at the paths and beneath them.
func (r ruleset) add(access uint64, paths ...string) error {
	for _, path := range paths {
		if err := r.addPath(access, path); err != nil {
			return err
		}
	}
	return nil
}

// addPath allows access to what is at a path and beneath it. A path that does not exist
// allows nothing, which is no more than was asked for.
func (r ruleset) addPath(access uint64, path string) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer func() { _ = unix.Close(fd) }()
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return os.NewSyscallError("fstat", err)
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		access &= accessFile
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access & r.handled, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(r.fd),
		unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("landlock_add_rule", errno)
	}
	return nil
}
