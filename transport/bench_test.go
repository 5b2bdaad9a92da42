package transport_test

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkCall is the whole trip of one call of echo in memory: decode, engine,
// encode, with nothing else in flight.
func BenchmarkCall(b *testing.B) {
	for _, size := range []int{64, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			f := newFixture(b)
			l := memoryLink(b, f.server)
			message := []byte(expand(callMessage(1, "echo", `{"text":"`+strings.Repeat("a", size)+`"}`, "")))
			b.SetBytes(int64(len(message)))
			b.ReportAllocs()
			for b.Loop() {
				if err := l.write(message); err != nil {
					b.Fatal(err)
				}
				if _, err := l.read(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkListTools is one page of ten tools.
func BenchmarkListTools(b *testing.B) {
	f := newFixture(b)
	l := memoryLink(b, f.server)
	message := []byte(expand(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{$META}}`))
	b.ReportAllocs()
	for b.Loop() {
		if err := l.write(message); err != nil {
			b.Fatal(err)
		}
		if _, err := l.read(); err != nil {
			b.Fatal(err)
		}
	}
}
