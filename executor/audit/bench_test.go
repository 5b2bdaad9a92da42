package audit

import (
	"testing"
)

func BenchmarkAppend(b *testing.B) {
	f := open(b, FileOptions{})
	e := full(EventFinished)
	b.ReportAllocs()
	for b.Loop() {
		f.Append(e)
	}
	b.ReportMetric(float64(f.Status().Dropped)/float64(b.N), "dropped/op")
}

func BenchmarkCommit(b *testing.B) {
	f := open(b, FileOptions{})
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		e := full(EventAllowed)
		for pb.Next() {
			if err := f.Commit(b.Context(), e); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkLine(b *testing.B) {
	c, e := newChain(), full(EventFinished)
	var text []byte
	b.ReportAllocs()
	for b.Loop() {
		text = c.append(text[:0], &e, &process{})
	}
}
