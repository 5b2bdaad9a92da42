package main

import (
	"bytes"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// unmapProgram gives up the pages of the program file that this process has mapped: two
// thirds of what an idle one has. The system keeps them for as long as it has memory to
// spare, so that they are back at the first touch. An error is of no interest: they stay.
func unmapProgram() {
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	for _, m := range untouched(maps, program) {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.from, m.to-m.from, unix.MADV_DONTNEED)
	}
}

// A mapping is a range of addresses.
type mapping struct{ from, to uintptr }

// untouched returns the mappings of a file that hold nothing but what is in the file:
// which are not to be written to, and where nothing was written before that was so, as a
// linker may that moves addresses.
func untouched(smaps []byte, file string) (found []mapping) {
	var m mapping
	ours := false
	for line := range bytes.Lines(smaps) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		var from, to uintptr
		var access string
		if n, _ := fmt.Sscanf(string(line), "%x-%x %4s", &from, &to, &access); n == 3 {
			m = mapping{from, to}
			ours = access[1] == '-' && access[3] == 'p' && bytes.HasSuffix(line, []byte(" "+file))
		} else if kB, is := bytes.CutPrefix(line, []byte("Anonymous:")); is && ours {
			if string(bytes.TrimSpace(kB)) == "0 kB" {
				found = append(found, m)
			}
		}
	}
	return found
}
