package shim

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// glance is how often a tree is looked at, unless looking is dear: then it is left alone
// for share times as long, so that the watch costs little whatever the system. What
// counts is processor time: where a tree keeps all processors busy, time passes while
// nothing is seen.
const (
	glance = 20 * time.Millisecond
	share  = 20
)

// watch ends the program when its tree uses more than it may. It looks from time to
// time, and so ends it late; what must not be exceeded for a moment is for a cgroup.
func (w *warden) watch() {
	l := &w.order.Limits
	counts := l.CPU > 0 || l.Memory > 0 || l.Processes > 0
	if !counts && len(w.order.Refusals) == 0 {
		return
	}
	self := selfPID()
	for pause := glance; ; {
		time.Sleep(pause)
		before := used(unix.RUSAGE_SELF)
		limit := w.refused()
		if limit == "" && counts {
			limit = take(self).exceeds(l)
		}
		if limit != "" {
			w.end(limit)
			return
		}
		pause = max(glance, share*(used(unix.RUSAGE_SELF)-before))
	}
}

// refused returns the limit for which the kernel has refused the program a process.
func (w *warden) refused() string {
	text, err := os.ReadFile(string(w.order.Refusals))
	if err != nil || bytes.Contains(text, []byte("max 0\n")) {
		return ""
	}
	return LimitProcesses
}

// A census is what the processes of a tree use at a moment.
type census struct {
	tasks    int
	cpu      time.Duration
	resident int64 // bytes; what several share counts for each
	list     []Process
}

// take counts the descendants of a process, and the time of those that are dead.
func take(root int) census {
	children := map[int][]Process{}
	for _, p := range processes() {
		children[p.Parent] = append(children[p.Parent], p)
	}
	c := census{cpu: used(unix.RUSAGE_CHILDREN)}
	for next := children[root]; len(next) > 0; {
		p := next[0]
		next = append(next[1:], children[p.PID]...)
		c.tasks += p.Threads
		c.cpu += p.CPU
		c.resident += p.Resident
		c.list = append(c.list, p)
	}
	return c
}

// exceeds returns the limit that is exceeded, if any.
func (c census) exceeds(l *Limits) string {
	switch {
	case l.Processes > 0 && int64(c.tasks) > l.Processes:
		return LimitProcesses
	case l.CPU > 0 && c.cpu > l.CPU:
		return LimitCPU
	case l.Memory > 0 && c.resident > l.Memory && c.proportional() > l.Memory:
		return LimitMemory
	}
	return ""
}

// proportional returns the memory of the tree with what is shared counted once. It is
// dear: the kernel goes through all pages.
func (c census) proportional() int64 {
	sum := int64(0)
	for _, p := range c.list {
		sum += p.proportional()
	}
	return sum
}

// proportional falls back on what is resident where the kernel does not tell.
func (p Process) proportional() int64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(p.PID) + "/smaps_rollup")
	if err != nil {
		return p.Resident
	}
	_, behind, _ := bytes.Cut(text, []byte("\nPss:"))
	line, _, _ := bytes.Cut(behind, []byte(" kB"))
	n, _ := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	return n << 10
}
