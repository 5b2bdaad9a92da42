package cgroup

import (
	"os"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func files(of map[string]string) fstest.MapFS {
	tree := fstest.MapFS{}
	for name, text := range of {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return tree
}

const (
	mount2 = "30 24 0:27 / /sys/fs/cgroup ro,nosuid shared:9 - cgroup2 cgroup rw,nsdelegate\n"
	mount1 = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
)

func TestFind(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		files map[string]string
		limit int64 // 0 is none
		from  string
		used  int64
	}{
		{"nothing, as on other systems", nil, 0, "", 0},
		{"a container with a namespace of its own", map[string]string{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" + mount2,
			"sys/fs/cgroup/memory.max": "268435456\n", "sys/fs/cgroup/memory.high": "max\n",
			"sys/fs/cgroup/memory.current": "1000\n", "sys/fs/cgroup/memory.stat": "anon 100\ninactive_file 400\nactive_file 9\n",
		}, 268435456, "/sys/fs/cgroup/memory.max", 591},
		{"the high limit is tighter", map[string]string{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mount2,
			"sys/fs/cgroup/memory.max": "2000\n", "sys/fs/cgroup/memory.high": "1500\n", "sys/fs/cgroup/memory.current": "1000\n",
		}, 1500, "/sys/fs/cgroup/memory.high", 1000},
		{"a service of systemd, whose slice is tighter", map[string]string{
			"proc/self/cgroup": "0::/system.slice/sluice.service\n", "proc/self/mountinfo": mount2,
			"sys/fs/cgroup/system.slice/sluice.service/memory.max": "2000\n",
			"sys/fs/cgroup/system.slice/memory.max":                "1000\n", "sys/fs/cgroup/system.slice/memory.current": "77\n",
		}, 1000, "/sys/fs/cgroup/system.slice/memory.max", 77},
		{"no limit", map[string]string{
			"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": mount2,
			"sys/fs/cgroup/a/memory.max": "max\n", "sys/fs/cgroup/a/memory.high": "max\n",
		}, 0, "", 0},
		{"version 1, beside an empty version 2", map[string]string{
			"proc/self/cgroup":    "4:memory:/docker/7\n1:cpu,cpuacct:/\n0::/\n",
			"proc/self/mountinfo": mount1 + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
			"sys/fs/cgroup/memory/docker/7/memory.limit_in_bytes": "4096\n", "sys/fs/cgroup/memory/docker/7/memory.usage_in_bytes": "3000\n",
			"sys/fs/cgroup/memory/docker/7/memory.stat":  "inactive_file 1\ntotal_inactive_file 1000\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
		}, 4096, "/sys/fs/cgroup/memory/docker/7/memory.limit_in_bytes", 2000},
		{"version 1 in a container that is mounted its own group", map[string]string{
			"proc/self/cgroup":                           "4:memory:/docker/7\n",
			"proc/self/mountinfo":                        "35 31 0:32 /docker/7 /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "4096\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": "3000\n",
		}, 4096, "/sys/fs/cgroup/memory/memory.limit_in_bytes", 3000},
		{"version 1 without a limit", map[string]string{
			"proc/self/cgroup": "4:memory:/\n", "proc/self/mountinfo": mount1,
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
		}, 0, "", 0},
		{"a mount whose path has blanks", map[string]string{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": `30 24 0:27 / /my\040groups rw - cgroup2 cgroup rw` + "\n",
			"my groups/memory.max": "5\n", "my groups/memory.current": "1\n",
		}, 5, "/my groups/memory.max", 1},
		{"lines that are cut off", map[string]string{
			"proc/self/cgroup": "0\nx:y\n0::/\n", "proc/self/mountinfo": "30 24\n - \n30 24 0:27 / /g rw - cgroup\n",
		}, 0, "", 0},
		{"a group outside of what is mounted", map[string]string{
			"proc/self/cgroup": "0::/../other\n", "proc/self/mountinfo": "30 24 0:27 /mine /g rw - cgroup2 cgroup rw\n",
			"g/memory.max": "5\n", "g/memory.current": "4\n",
		}, 5, "/g/memory.max", 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := Find(files(test.files))
			if m == nil {
				if test.limit != 0 {
					t.Fatal("found nothing")
				}
				return
			}
			used, ok := m.Used()
			if m.Limit != test.limit || m.From != test.from || used != test.used || !ok {
				t.Errorf("limit %d from %s, %d used (%v)", m.Limit, m.From, used, ok)
			}
		})
	}
}

// TestUsedIsGone checks what is said where the group cannot be read any more.
func TestUsedIsGone(t *testing.T) {
	t.Parallel()
	tree := files(map[string]string{
		"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mount2, "sys/fs/cgroup/memory.max": "9\n",
	})
	if used, ok := Find(tree).Used(); ok {
		t.Errorf("%d bytes are used", used)
	}
}

// TestFindHere reads whatever this machine has.
func TestFindHere(t *testing.T) {
	t.Parallel()
	m := Find(os.DirFS("/"))
	if m == nil {
		return
	}
	if used, ok := m.Used(); m.Limit <= 0 || !ok || used <= 0 {
		t.Errorf("%d of %d bytes by %s (%v)", used, m.Limit, m.From, ok)
	}
}
