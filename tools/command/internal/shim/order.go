package shim

import (
	"bytes"
	"strings"
	"time"
)

// Name is the argv[0] that makes a process a shim.
const Name = "sluice-shim"

// An Order says what a shim is to run and how to contain it.
type Order struct {
	// Probe has the shim try its layers, report what it found and end.
	Probe bool `json:",omitzero"`

	// Path, Args, Env and Dir are those of the program. They are bytes since neither
	// an environment nor a path need be UTF-8.
	Path, Dir []byte
	Args, Env List

	// Init says that the shim is the first process of its own PID namespace, and Mount
	// that it is to mount a /proc that shows that.
	Init, Mount bool

	// Landlock restricts the program by a Landlock domain of this ABI; 0 is none.
	Landlock int
	// ReadOnly are mounts that the program may not write to, where Mount is set.
	ReadOnly List

	// Confined limits files to those beneath Read and Write; reading is not limited
	// where ReadAll is set.
	Confined, ReadAll bool
	Read, Write       List

	// NoSockets refuses sockets that are not UNIX sockets.
	NoSockets bool

	Limits Limits
	// Refusals is the file in which the kernel counts the processes that it has refused
	// the program (cgroup v2, "pids.events"). The program is ended for the first: most
	// that are refused one fail in ways that nobody understands, and some try for ever.
	Refusals []byte
}

// Limits bound what the program may use. 0 is no limit.
type Limits struct {
	// CPU is the processor time of the whole tree, in seconds for each process alone.
	CPU time.Duration
	// FileSize, Files and AddressSpace bind each process: bytes, numbers, bytes.
	FileSize, Files, AddressSpace int64
	// Memory is what the tree may have resident, in bytes, and Processes how many
	// processes and threads it may have. Both are looked at from time to time.
	Memory, Processes int64
	// UserTasks is how many processes and threads the user may have in the user
	// namespace of the shim.
	UserTasks int64
}

// A Report is what a shim says: what it found or why it cannot start the program, or
// in turn that the program runs, how it ended with what was used by then, and what all
// of it has used.
type Report struct {
	Found  *Findings `json:",omitzero"`
	Failed *Failure  `json:",omitzero"`
	// Leader is the process id of the program, as the shim sees it.
	Leader int     `json:",omitzero"`
	Ended  *Ending `json:",omitzero"`
	Used   *Usage  `json:",omitzero"`
}

// Findings are which layers work; a text says why one does not.
type Findings struct {
	NoNewPrivileges, Subreaper, Mount, ReadOnly, Seccomp, Proc string
	Landlock                                                   string
	LandlockABI                                                int
}

// A Failure is why the program does not run.
type Failure struct {
	// Op is what failed, and Number the system's error.
	Op     string
	Number int
}

// Ending is how the program ended: by an exit code or by a signal.
type Ending struct {
	Code, Signal int
	// Limit names the limit for which it was ended; empty if it was not.
	Limit string `json:",omitzero"`
}

// Usage is what the tree has used.
type Usage struct {
	CPU time.Duration
	// PeakMemory is that of the largest process, in bytes.
	PeakMemory int64
}

// The limits for which a program may be ended.
const (
	LimitCPU       = "cpu"
	LimitMemory    = "memory"
	LimitProcesses = "processes"
	LimitFileSize  = "file_size"
)

// Terminate is the byte that asks for the program to be asked to end.
const Terminate = 't'

// A List is some texts without NUL bytes, each followed by one.
type List []byte

// ListOf packs texts.
func ListOf(texts []string) List {
	var b bytes.Buffer
	for _, text := range texts {
		b.WriteString(text)
		b.WriteByte(0)
	}
	return b.Bytes()
}

// Texts unpacks the list.
func (l List) Texts() []string {
	if len(l) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(l), "\x00"), "\x00")
}
