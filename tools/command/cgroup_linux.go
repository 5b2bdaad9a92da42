package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sluice-dev/sluice/tools/command/internal/shim"
)

// cgroups is the part of the cgroup v2 tree that is ours, in which each call has a
// cgroup of its own. A nil one is none.
type cgroups struct {
	root        string
	controllers []string // those that calls have
	problem     string   // why calls have no cgroup
	sealed      bool     // programs cannot write to it
	calls       atomic.Int64
}

// The controllers that calls use, where they are delegated.
var controllers = []string{"memory", "pids", "cpu"}

// have reports whether calls have a controller.
func (c *cgroups) have(controller string) bool {
	return c.usable() && slices.Contains(c.controllers, controller)
}

func (c *cgroups) usable() bool { return c != nil && c.problem == "" }

func (c *cgroups) String() string {
	if !c.usable() {
		return c.problem
	}
	text := "cgroup v2 for " + strings.Join(c.controllers, ", ")
	for _, name := range controllers {
		if !c.have(name) {
			text += "; " + name + " is not delegated"
		}
	}
	if !c.sealed {
		text += "; not read-only for programs, which could lift their limits"
	}
	return text
}

// enter has the ward start in a cgroup of its own, with these limits.
func (c *cgroups) enter(w *ward, r Resources) error {
	if !c.usable() {
		return nil
	}
	g, err := c.make()
	if err != nil {
		return fmt.Errorf("%w: %w", errContain, err)
	}
	if err := g.limit(r); err != nil {
		g.remove()
		return fmt.Errorf("%w: %w", errContain, err)
	}
	if c.have("memory") {
		w.order.Limits.Memory = 0
	}
	if c.have("pids") {
		// Processes stay watched: the cgroup has room for the threads of the shim as well,
		// of which there mostly are fewer.
		w.order.Refusals = []byte(filepath.Join(g.path, "pids.events"))
	}
	w.cgroup = g
	w.attributes.UseCgroupFD, w.attributes.CgroupFD = true, int(g.dir.Fd())
	return nil
}

const cgroupPrefix = "sluice-call-"

// make makes the cgroup of one call. One of that name may be left of a server that had
// our process id and was killed, and another server may take ours for left in the moment
// before it is locked: then the next name is tried.
func (c *cgroups) make() (*cgroup, error) {
	for {
		path := filepath.Join(c.root, fmt.Sprintf("%s%d-%d", cgroupPrefix, os.Getpid(), c.calls.Add(1)))
		err := os.Mkdir(path, 0o755)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		dir, err := openLocked(path, unix.LOCK_SH)
		switch {
		case err == nil:
			return &cgroup{path: path, dir: dir, controllers: c.controllers}, nil
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.EWOULDBLOCK):
			_ = unix.Rmdir(path)
			return nil, err
		}
	}
}

// openLocked opens the cgroup of a call and locks it, which its server does for as long
// as the call runs.
func openLocked(path string, how int) (*os.File, error) {
	dir, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err = unix.Flock(int(dir.Fd()), how|unix.LOCK_NB); err == nil {
		_, err = os.Stat(path) // it may have been removed in between
	}
	if err != nil {
		_ = dir.Close()
		return nil, err
	}
	return dir, nil
}

// A cgroup is that of one call. A nil one is none.
type cgroup struct {
	path        string
	dir         *os.File
	controllers []string
}

// limit writes the limits. What is over the one on memory is not swapped out but
// killed, and the whole call with it (cgroup v2, "Memory Interface Files").
func (g *cgroup) limit(r Resources) error {
	var errs []error
	set := func(controller, file, value string) {
		if slices.Contains(g.controllers, controller) {
			errs = append(errs, g.write(file, value))
		}
	}
	if r.Memory > 0 {
		set("memory", "memory.max", strconv.FormatInt(r.Memory, 10))
		set("memory", "memory.oom.group", "1")
		if _, err := os.Stat(filepath.Join(g.path, "memory.swap.max")); err == nil {
			set("memory", "memory.swap.max", "0")
		}
	}
	if r.Processes > 0 {
		set("pids", "pids.max", strconv.FormatInt(r.Processes+shimTasks, 10))
	}
	if r.CPUs > 0 {
		const period = 100_000 // microseconds
		set("cpu", "cpu.max", fmt.Sprintf("%d %d", max(int64(r.CPUs*period), 1000), period))
	}
	return errors.Join(errs...)
}

func (g *cgroup) write(file, value string) error {
	return os.WriteFile(filepath.Join(g.path, file), []byte(value), 0o644)
}

// kill ends all that is in the cgroup, the shim included if it does not end first.
func (g *cgroup) kill() {
	if g != nil {
		_ = g.write("cgroup.kill", "1")
	}
}

// used returns what the cgroup has used. Its peak is that of all processes together.
func (g *cgroup) used() usage {
	var u usage
	if g == nil {
		return u
	}
	u.CPU = time.Duration(g.number("cpu.stat", "usage_usec")) * time.Microsecond
	u.PeakMemory = g.number("memory.peak", "")
	switch {
	case g.number("memory.events", "oom_kill") > 0:
		u.limit = shim.LimitMemory
	case g.number("pids.events", "max") > 0:
		u.limit = shim.LimitProcesses
	}
	return u
}

// number reads a number from a file, in the line that begins with key.
func (g *cgroup) number(file, key string) int64 {
	text, _ := os.ReadFile(filepath.Join(g.path, file)) // which controllers may not have
	for line := range strings.Lines(string(text)) {
		name, value, found := strings.Cut(strings.TrimSpace(line), " ")
		if !found {
			name, value = "", name
		}
		if name == key {
			n, _ := strconv.ParseInt(value, 10, 64)
			return n
		}
	}
	return 0
}

// settle returns when nothing in the cgroup is alive, or will not die in time.
func (g *cgroup) settle() {
	if g == nil {
		return
	}
	within(settleTime, func() bool { return g.number("cgroup.events", "populated") == 0 })
}

// remove gives the cgroup back, and ends what may be left in it. Where that is a process
// that even the kernel cannot kill, it stays until a server starts anew.
func (g *cgroup) remove() {
	if g == nil {
		return
	}
	defer func() { _ = g.dir.Close() }()
	if errors.Is(unix.Rmdir(g.path), unix.EBUSY) {
		g.kill()
		within(settleTime, func() bool { return !errors.Is(unix.Rmdir(g.path), unix.EBUSY) })
	}
}

// within asks whether something has come true until it has, or the time is over: the
// kernel tells of the end of a cgroup's last process to nobody who waits without a poll.
func within(limit time.Duration, done func() bool) {
	deadline := time.Now().Add(limit)
	for pause := 50 * time.Microsecond; !done() && time.Now().Before(deadline); pause += pause / 4 {
		time.Sleep(pause)
	}
}
