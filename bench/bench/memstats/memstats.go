// Package memstats tells a benchmark how much a process has allocated, and where it
// spends its time. It is linked into a program only for that, so that nothing else is
// measured with it.
package memstats

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
)

// The program asks nobody: where the variable names an address, it connects there, and
// answers each byte with its counts of objects and of bytes since its start. Where
// another variable names a file, a profile of the processor time between the first byte
// and the second is written to it.
func init() {
	if address := os.Getenv("BENCH_MEMSTATS"); address != "" {
		go benchAnswer(address, os.Getenv("BENCH_PROFILE"))
	}
}

// benchAnswer and benchProfile have names that no program has.
func benchAnswer(address, profile string) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	var now runtime.MemStats
	asked := bufio.NewReader(conn)
	for n := 1; ; n++ {
		if _, err := asked.ReadByte(); err != nil {
			return
		}
		runtime.ReadMemStats(&now)
		if profile != "" {
			benchProfile(n, profile)
		}
		if _, err := fmt.Fprintf(conn, "%d %d\n", now.Mallocs, now.TotalAlloc); err != nil {
			return
		}
	}
}

// benchProfile begins the profile at the first byte and ends it at the second.
func benchProfile(n int, path string) {
	switch n {
	case 1:
		file, err := os.Create(path)
		if err == nil {
			err = pprof.StartCPUProfile(file)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "profile:", err)
		}
	case 2:
		pprof.StopCPUProfile()
	}
}
