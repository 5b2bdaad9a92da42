package main

import (
	"runtime"
	"testing"
)

func TestGrowth(t *testing.T) {
	t.Parallel()
	for live, want := range map[uint64]int{
		0: 400, 1 << 20: 400, 4 << 20: 400, 8 << 20: 300, 16 << 20: 200, 17 << 20: 175, 64 << 20: 125, 1 << 30: 100, 1 << 40: 100,
	} {
		if got := growth(live); got != want {
			t.Errorf("a heap of %d MiB may grow by %d %%, want %d %%", live>>20, got, want)
		}
	}
}

// TestPace makes the heap large and small again, and sees the collector's pace follow.
func TestPace(t *testing.T) {
	t.Setenv("GOGC", "")
	setPace()
	follow := func(want func(percent uint64) bool) bool {
		for range 1000 {
			runtime.GC()
			if want(measured("/gc/gogc:percent")) {
				return true
			}
			runtime.Gosched()
		}
		return false
	}
	large := make([]byte, 256<<20)
	if !follow(func(percent uint64) bool { return percent <= 125 }) {
		t.Errorf("a heap of 256 MiB may grow by %d %%", measured("/gc/gogc:percent"))
	}
	runtime.KeepAlive(large)
	large = nil
	if !follow(func(percent uint64) bool { return percent > 125 }) {
		t.Errorf("a heap that is small again may grow by %d %%", measured("/gc/gogc:percent"))
	}
}
