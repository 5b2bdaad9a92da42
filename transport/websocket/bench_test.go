package websocket

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
)

// BenchmarkEcho sends a message over loopback and waits for its answer. Both sides
// are in the measurement.
func BenchmarkEcho(b *testing.B) {
	for _, size := range []int{64, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			url := startServer(b, newTestHandler(b, Options{}))
			s := dialTest(b, url)
			msg := []byte(strings.Repeat("x", size))
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				if err := s.Write(ctx, msg); err != nil {
					b.Fatal(err)
				}
				if _, err := s.Read(ctx); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAccept connects and hangs up.
func BenchmarkAccept(b *testing.B) {
	url := startServer(b, newTestHandler(b, Options{}))
	b.ReportAllocs()
	for b.Loop() {
		c := dialRaw(b, url)
		c.Write(frame(bitFin|opClose, ""))
		c.closed()
	}
}

// BenchmarkIdle holds connections that have exchanged one message, and reports what
// each costs the server in memory. The clients are no more than sockets.
func BenchmarkIdle(b *testing.B) {
	const count = 2000
	url := startServer(b, newTestHandler(b, Options{}))
	for b.Loop() {
		conns := make([]io.Closer, count)
		before := footprint()
		for i := range conns {
			c := dialRaw(b, url)
			c.Write(frame(bitFin|opText, "{}"))
			c.read()
			c.br = nil // of the client
			conns[i] = c.Conn
		}
		after := footprint()
		b.ReportMetric(float64(after.heap-before.heap)/count, "heap-B/conn")
		b.ReportMetric(float64(after.stack-before.stack)/count, "stack-B/conn")
		b.ReportMetric(float64(after.resident-before.resident)/count, "rss-B/conn")
		for _, c := range conns {
			c.Close()
		}
	}
}

type memory struct{ heap, stack, resident int64 }

// footprint returns what the process holds after a collection.
func footprint() memory {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	var size, resident int64
	if statm, err := os.ReadFile("/proc/self/statm"); err == nil {
		fmt.Sscan(string(statm), &size, &resident)
	}
	return memory{int64(stats.HeapInuse), int64(stats.StackInuse), resident * int64(os.Getpagesize())}
}
