package shim

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"time"
)

// A Process is what the kernel says of one (proc(5), /proc/pid/stat).
type Process struct {
	PID, Parent, Group int
	State              string
	Threads            int
	CPU                time.Duration // its own and that of its children that are reaped
	Resident           int64         // bytes
}

// Alive reports whether the process has not ended. The state is that of its first
// thread: a process counts as a zombie although it still has its files and its
// children, and cannot be reaped, until its other threads have ended as well.
func (p Process) Alive() bool {
	return p.State != "Z" && p.State != "X" || p.Threads > 1
}

// The places of the fields behind the name, from the state on.
const (
	fieldParent   = 1
	fieldGroup    = 2
	fieldCPU      = 11 // four: user, system, and those of the children
	fieldThreads  = 17
	fieldResident = 21
)

// tick is in what the kernel tells processor time to programs.
const tick = time.Second / 100

// ReadProcess returns what the kernel says of the process of a number; false if there
// is none.
func ReadProcess(pid string) (Process, bool) {
	if pid[0] < '0' || pid[0] > '9' {
		return Process{}, false
	}
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return Process{}, false
	}
	return parseStat(text)
}

func parseStat(text []byte) (Process, bool) {
	// The second field is the name in parentheses, which may hold anything; the
	// state, the third, is the first behind it.
	first, _, _ := bytes.Cut(text, []byte(" "))
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) <= fieldResident {
		return Process{}, false
	}
	ok := true
	number := func(text string) int64 {
		n, err := strconv.ParseInt(text, 10, 64)
		ok = ok && err == nil
		return n
	}
	p := Process{
		PID: int(number(string(first))), Parent: int(number(fields[fieldParent])), Group: int(number(fields[fieldGroup])),
		State: fields[0], Threads: int(number(fields[fieldThreads])),
		Resident: number(fields[fieldResident]) * int64(os.Getpagesize()),
	}
	for _, ticks := range fields[fieldCPU : fieldCPU+4] {
		p.CPU += time.Duration(number(ticks)) * tick
	}
	return p, ok
}

// processes lists the processes that /proc shows.
func processes() []Process {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer func() { _ = dir.Close() }()
	names, _ := dir.Readdirnames(-1) // those that could be read
	var list []Process
	for _, name := range names {
		if p, ok := ReadProcess(name); ok {
			list = append(list, p)
		}
	}
	return list
}

// selfPID returns the number that /proc has for this process, which is another than
// its own where it is of another namespace; 0 where there is no /proc.
func selfPID() int {
	link, _ := os.Readlink("/proc/self")
	pid, _ := strconv.Atoi(link)
	return pid
}
