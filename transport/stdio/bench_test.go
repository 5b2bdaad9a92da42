package stdio

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"testing"
)

// repeating is an endless input of one line.
type repeating struct {
	line []byte
	rest []byte
}

func (r *repeating) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(r.rest) == 0 {
			r.rest = r.line
		}
		k := copy(p[n:], r.rest)
		r.rest = r.rest[k:]
		n += k
	}
	return n, nil
}

func BenchmarkRead(b *testing.B) {
	for _, size := range []int{64, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(size))
			line := append(bytes.Repeat([]byte("x"), size), '\n')
			s := New(&repeating{line: line}, io.Discard, Options{})
			for b.Loop() {
				if _, err := s.Read(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, size := range []int{64, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(size))
			msg := bytes.Repeat([]byte("x"), size)
			s := New(bytes.NewReader(nil), new(discard), Options{})
			for b.Loop() {
				if err := s.Write(b.Context(), msg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPipe sends a message through a pipe of the system and waits for it on the
// other end.
func BenchmarkPipe(b *testing.B) {
	r, w, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	s := New(r, w, Options{})
	defer s.Close(1000, "")
	msg := bytes.Repeat([]byte("x"), 64)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	for b.Loop() {
		if err := s.Write(ctx, msg); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Read(ctx); err != nil {
			b.Fatal(err)
		}
	}
}
