// Package memstats tells a benchmark how much a process has allocated. It is linked
// into a program only for that, so that nothing else is measured with it.
package memstats

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"runtime"
)

// The program asks nobody: where the variable names an address, it connects there, and
// answers each byte with its counts of objects and of bytes since its start.
func init() {
	address := os.Getenv("BENCH_MEMSTATS")
	if address == "" {
		return
	}
	go func() {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		var now runtime.MemStats
		for asked := bufio.NewReader(conn); ; {
			if _, err := asked.ReadByte(); err != nil {
				return
			}
			runtime.ReadMemStats(&now)
			if _, err := fmt.Fprintf(conn, "%d %d\n", now.Mallocs, now.TotalAlloc); err != nil {
				return
			}
		}
	}()
}
