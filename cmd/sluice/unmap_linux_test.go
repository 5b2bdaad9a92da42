package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestUntouched(t *testing.T) {
	t.Parallel()
	const smaps = `00400000-00ca7000 r-xp 00000000 fd:00 1234                     /opt/my tools/sluice
Size:               8860 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
00ca7000-01524000 r--p 008a7000 fd:00 1234                     /opt/my tools/sluice
Anonymous:             0 kB
01524000-015af000 r--p 01124000 fd:00 1234                     /opt/my tools/sluice
Anonymous:             4 kB
015af000-015b0000 rw-p 01124000 fd:00 1234                     /opt/my tools/sluice
Anonymous:             0 kB
015b0000-015b1000 r--s 01124000 fd:00 1234                     /opt/my tools/sluice
Anonymous:             0 kB
7f0000000000-7f0000001000 r-xp 00000000 fd:00 77               /lib/libc.so.6
Anonymous:             0 kB
7f0000001000-7f0000002000 r-xp 00000000 00:00 0
Anonymous:             0 kB
`
	want := []mapping{{0x400000, 0xca7000}, {0xca7000, 0x1524000}}
	if got := untouched([]byte(smaps), "/opt/my tools/sluice"); !slices.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
	if got := untouched(nil, "/sluice"); got != nil {
		t.Errorf("nothing has %x", got)
	}
}

// TestUnmapProgram goes on after it, which takes the pages back, and has less memory.
func TestUnmapProgram(t *testing.T) {
	resident := func() (kB int) {
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(status), "RssFile:")
		if _, err := fmt.Sscan(rest, &kB); err != nil {
			t.Fatal(err)
		}
		return kB
	}
	before := resident()
	unmapProgram()
	if after := resident(); after >= before {
		t.Errorf("%d kB of files are resident, and %d kB were before", after, before)
	}
}
