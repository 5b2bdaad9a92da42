package command

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// leafName is the cgroup of servers themselves, for processes may only be in leaves of
// the tree. A server that is alone in what was delegated moves there; one that is started
// there (systemd: DelegateSubgroup) divides what is above with the others that are.
const leafName = "sluice-server"

// openCgroups finds the part of the cgroup tree that was delegated to this process:
// that of its own cgroup, where whoever runs it has given it away. It never takes what
// was not given, even where the rights would allow it.
func openCgroups() *cgroups {
	mount, own, problem := locateCgroup()
	if problem != "" {
		return &cgroups{problem: problem}
	}
	if path.Base(own) == leafName {
		own = path.Dir(own)
	}
	root := filepath.Join(mount, own)
	if !delegated(root, own) {
		return &cgroups{problem: "no cgroup is delegated to the server (systemd: Delegate=yes)"}
	}
	return takeCgroups(root)
}

// locateCgroup returns where cgroup v2 is mounted, and which cgroup is ours.
func locateCgroup() (mount, own, problem string) {
	text, _ := os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(text)) {
		if cgroup, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			own = cgroup
		}
	}
	mounts := cgroupMounts()
	if own == "" || len(mounts) == 0 {
		return "", "", "there is no cgroup v2"
	}
	return mounts[len(mounts)-1], own, ""
}

// cgroupMounts lists where cgroup v2 is mounted.
func cgroupMounts() (mounts []string) {
	text, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(text)) {
		// The mount point is the fifth field, the type the first behind a dash.
		before, behind, _ := strings.Cut(line, " - ")
		if fields := strings.Fields(before); strings.HasPrefix(behind, "cgroup2 ") && len(fields) > 4 {
			mounts = append(mounts, fields[4])
		}
	}
	return mounts
}

// delegated reports whether a cgroup is ours to divide: systemd marks those that are; a
// container has a tree of its own; and without root rights whatever may be written was
// given to us.
func delegated(root, own string) bool {
	if unix.Access(filepath.Join(root, "cgroup.subtree_control"), unix.W_OK) != nil {
		return false
	}
	mark := make([]byte, 1)
	for _, name := range []string{"trusted.delegate", "user.delegate"} {
		if n, err := unix.Getxattr(root, name, mark); err == nil && n == 1 && mark[0] == '1' {
			return true
		}
	}
	return own == "/" || os.Geteuid() != 0
}

// takeCgroups makes the cgroup at root the parent of those of calls. Where we are in root,
// we move to a leaf, unless others are there who know nothing of it.
func takeCgroups(root string) *cgroups {
	c := &cgroups{root: root}
	available := strings.Fields(readText(filepath.Join(root, "cgroup.controllers")))
	for _, name := range controllers {
		if slices.Contains(available, name) {
			c.controllers = append(c.controllers, name)
		}
	}
	if len(c.controllers) == 0 {
		c.problem = "none of the controllers " + strings.Join(controllers, ", ") + " is delegated"
		return c
	}
	if err := c.enable(); err != nil {
		c.problem = err.Error()
	}
	c.clear()
	return c
}

func (c *cgroups) enable() error {
	err := c.subtree()
	if !errors.Is(err, unix.EBUSY) {
		return err
	}
	for _, pid := range strings.Fields(readText(filepath.Join(c.root, "cgroup.procs"))) {
		if pid != strconv.Itoa(os.Getpid()) {
			return fmt.Errorf("the server's cgroup is delegated, but other processes are in it (%s is one), so that "+
				"it cannot be divided: start the server alone in it, or in a cgroup named %s in it (systemd: DelegateSubgroup=%s)",
				pid, leafName, leafName)
		}
	}
	leaf := filepath.Join(c.root, leafName)
	if err := os.Mkdir(leaf, 0o755); err != nil && !os.IsExist(err) {
		return err
	}
	if err := os.WriteFile(filepath.Join(leaf, "cgroup.procs"), []byte("0"), 0o644); err != nil {
		return err
	}
	return c.subtree()
}

func (c *cgroups) subtree() error {
	text := "+" + strings.Join(c.controllers, " +")
	return os.WriteFile(filepath.Join(c.root, "cgroup.subtree_control"), []byte(text), 0o644)
}

// clear removes the cgroups of calls whose servers were killed, with what lives on in
// them. Those of servers that live are locked.
func (c *cgroups) clear() {
	old, _ := filepath.Glob(filepath.Join(c.root, cgroupPrefix+"*"))
	for _, call := range old {
		if dir, err := openLocked(call, unix.LOCK_EX); err == nil {
			(&cgroup{path: call, dir: dir}).remove()
		}
	}
}

func readText(path string) string {
	text, _ := os.ReadFile(path)
	return string(text)
}
