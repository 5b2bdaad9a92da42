package shim

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// architectures are those whose system calls the filter knows, by the number that the
// kernel gives them.
var architectures = map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}

// Where struct seccomp_data has what the filter looks at (seccomp(2)). Both
// architectures are little-endian: the low half of the first argument comes first.
const (
	offsetNumber   = 0
	offsetArch     = 4
	offsetArgument = 16
)

// refuseSockets keeps the calling thread, and what it starts, from making sockets other
// than UNIX ones, whatever their protocol. Calls by another convention (32-bit ones, or
// x32) are refused altogether, since they have ways of their own to make a socket, and
// so is io_uring.
func refuseSockets() error {
	arch, ok := architectures[runtime.GOARCH]
	if !ok {
		return os.NewSyscallError("seccomp", unix.ENOSYS)
	}
	filter := socketFilter(arch)
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
	runtime.KeepAlive(filter)
	return os.NewSyscallError("seccomp", err)
}

func socketFilter(arch uint32) []unix.SockFilter {
	const (
		load   = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		least  = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
		answer = unix.BPF_RET | unix.BPF_K
		x32    = 0x40000000
	)
	// Jt and Jf are how many lines to leave out.
	return []unix.SockFilter{
		{Code: load, K: offsetArch},
		{Code: equal, K: arch, Jf: 7},
		{Code: load, K: offsetNumber},
		{Code: least, K: x32, Jt: 5},
		{Code: equal, K: unix.SYS_IO_URING_SETUP, Jt: 4},
		{Code: equal, K: unix.SYS_SOCKET, Jf: 2},
		{Code: load, K: offsetArgument},
		{Code: equal, K: unix.AF_UNIX, Jf: 1},
		{Code: answer, K: unix.SECCOMP_RET_ALLOW},
		{Code: answer, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EACCES)},
	}
}
