package cgroup

import (
	"bufio"
	"bytes"
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Memory is the memory of a control group: of this process, of its children and of
// whatever else is in the group, programs of tools among them.
type Memory struct {
	// Limit is how many bytes it may take; it is never 0.
	Limit int64
	// From is the file that says so.
	From string

	root  fs.FS
	usage string   // the file of what it takes
	stat  string   // the file of what that is made of
	pages []string // of stat, what the kernel takes back when it has to
}

// The files of the two versions. The high limit of version 2 kills nobody, but a group
// above it is slowed down until it stands still.
var (
	version2 = names{limits: []string{"memory.max", "memory.high"}, usage: "memory.current", pages: []string{"inactive_file", "active_file"}}
	version1 = names{limits: []string{"memory.limit_in_bytes"}, usage: "memory.usage_in_bytes", pages: []string{"total_inactive_file", "total_active_file"}}
)

type names struct {
	limits []string
	usage  string
	pages  []string
}

// unlimited is what version 1 says where there is no limit: the largest number of bytes
// that is a number of pages, of whatever size. No machine has half of it.
const unlimited = math.MaxInt64 / 2

// Find returns the memory of the tightest of the groups that this process is in: its own
// or one above it. Root is the root directory. It is nil where there is no limit, or none
// that can be seen.
func Find(root fs.FS) *Memory {
	var found *Memory
	for _, at := range directories(root) {
		for dir := at.dir; ; dir = path.Dir(dir) {
			if m := read(root, dir, at.names); m != nil && (found == nil || m.Limit < found.Limit) {
				found = m
			}
			if dir == at.mount || !strings.HasPrefix(dir, at.mount) {
				break
			}
		}
	}
	return found
}

func read(root fs.FS, dir string, n names) *Memory {
	var m *Memory
	for _, name := range n.limits {
		file := path.Join(dir, name)
		limit, ok := number(root, file)
		if ok && limit > 0 && limit < unlimited && (m == nil || limit < m.Limit) {
			m = &Memory{limit, "/" + file, root, path.Join(dir, n.usage), path.Join(dir, "memory.stat"), n.pages}
		}
	}
	return m
}

// Used returns how many bytes the group takes that the kernel cannot take back: without
// the pages of files, of which it drops those that were not written before it kills for
// want of memory. It is false where that cannot be read.
func (m *Memory) Used() (bytes int64, ok bool) {
	used, ok := number(m.root, m.usage)
	if !ok {
		return 0, false
	}
	stat, err := fs.ReadFile(m.root, m.stat)
	if err != nil {
		return used, true
	}
	for line := range strings.Lines(string(stat)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if slices.Contains(m.pages, key) {
			pages, _ := strconv.ParseInt(value, 10, 64)
			used -= pages
		}
	}
	return max(used, 0), true
}

// number reads a file that holds one; "max" is none.
func number(root fs.FS, file string) (int64, bool) {
	text, err := fs.ReadFile(root, file)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	return n, err == nil
}

// A place is where a hierarchy of groups is mounted, and the process's group in it.
type place struct {
	mount, dir string
	names      names
}

// directories returns the process's group in each hierarchy that accounts for memory.
func directories(root fs.FS) []place {
	groups := ownGroups(root)
	mounts, err := root.Open("proc/self/mountinfo")
	if err != nil {
		return nil
	}
	defer mounts.Close()
	var found []place
	lines := bufio.NewScanner(mounts)
	for lines.Scan() {
		// proc(5): id parent device root mount-point options fields... - type source options
		head, tail, ok := strings.Cut(lines.Text(), " - ")
		fields, kind := strings.Fields(head), strings.Fields(tail)
		if !ok || len(fields) < 5 || len(kind) < 3 {
			continue
		}
		n, group, ok := version2, groups[""], kind[0] == "cgroup2"
		if kind[0] == "cgroup" && slices.Contains(strings.Split(kind[2], ","), "memory") {
			n, group, ok = version1, groups["memory"], true
		}
		if ok {
			mount := strings.Trim(unescape(fields[4]), "/")
			found = append(found, place{mount, path.Join(mount, below(group, unescape(fields[3]))), n})
		}
	}
	return found
}

// ownGroups returns the groups of the process by their controllers, that of version 2 by
// "".
func ownGroups(root fs.FS) map[string]string {
	groups := map[string]string{}
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return groups
	}
	for line := range strings.Lines(string(text)) {
		// cgroups(7): hierarchy:controllers:path
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) < 3 {
			continue
		}
		for controller := range strings.SplitSeq(fields[1], ",") {
			groups[controller] = fields[2]
		}
	}
	return groups
}

// below returns where under a mount a group is. A container without a namespace of its
// own for groups sees its group under its full name, and only that mounted.
func below(group, mounted string) string {
	rest, ok := strings.CutPrefix(group, strings.TrimSuffix(mounted, "/"))
	if !ok {
		return ""
	}
	return rest
}

// unescape undoes what proc(5) does to blanks in paths.
func unescape(text string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(text)
}
