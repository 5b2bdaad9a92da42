package main

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var allocated atomic.Uint64
		var given atomic.Int64
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r := rester{allocated: func() uint64 { return allocated.Load() }, giveBack: func() { given.Add(1) }}
		go r.run(ctx)
		for i, step := range []struct {
			more uint64
			want int64
		}{
			{restAfter + 1, 0}, {restBelow, 0}, {0, 1}, // at rest after much
			{0, 1}, {restBelow - 1, 1}, {0, 1}, // and after little
			{restAfter, 1}, {restBelow - 1, 2},
		} {
			allocated.Add(step.more)
			time.Sleep(restEvery)
			synctest.Wait()
			if got := given.Load(); got != step.want {
				t.Errorf("step %d: memory was given back %d times, want %d", i, got, step.want)
			}
		}
	})
}

func TestHeapAllocated(t *testing.T) {
	before := heapAllocated()
	_ = append(make([]byte, 1<<20), 1)
	if after := heapAllocated(); after <= before {
		t.Errorf("%d after %d", after, before)
	}
}
