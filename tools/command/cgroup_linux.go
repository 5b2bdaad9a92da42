package command

import (
	"errors"
	"fmt"
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
		w.order.Limits.Processes = 0
	}
	w.cgroup = g
	w.attributes.UseCgroupFD, w.attributes.CgroupFD = true, int(g.dir.Fd())
	return nil
}

const cgroupPrefix = "sluice-call-"

// make makes the cgroup of one call.
func (c *cgroups) make() (*cgroup, error) {
	path := filepath.Join(c.root, fmt.Sprintf("%s%d-%d", cgroupPrefix, os.Getpid(), c.calls.Add(1)))
	if err := os.Mkdir(path, 0o755); err != nil {
		return nil, err
	}
	dir, err := os.Open(path)
	if err != nil {
		_ = os.Remove(path)
		return nil, err
	}
	return &cgroup{path: path, dir: dir, controllers: c.controllers}, nil
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
	if g.number("memory.events", "oom_kill") > 0 {
		u.limit = shim.LimitMemory
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

// remove gives the cgroup back. One in which something is left, which takes a process
// that even the kernel cannot kill, stays until a server starts anew.
func (g *cgroup) remove() {
	if g == nil {
		return
	}
	_ = g.dir.Close()
	for range 10 {
		if err := unix.Rmdir(g.path); !errors.Is(err, unix.EBUSY) {
			return
		}
		time.Sleep(time.Millisecond) // the dead leave a moment after they are reaped
	}
}
