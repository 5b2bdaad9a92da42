package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// A rester gives memory back to the system when a busy server has come to rest: by
// itself the runtime would keep the garbage of the last calls for two minutes, and give
// it back slowly. What is left of its start goes too.
type rester struct {
	allocated func() uint64 // bytes ever allocated
	giveBack  func()
}

const (
	restEvery = 5 * time.Second
	// A server is at rest when it has allocated less than this since the last look; the
	// pings of thousands of idle connections are less.
	restBelow = 1 << 20
	// restAfter is how much must have been allocated since memory was given back last.
	restAfter = 1 << 20
)

func newRester() rester {
	return rester{allocated: heapAllocated, giveBack: func() {
		debug.FreeOSMemory()
		unmapProgram()
	}}
}

func heapAllocated() uint64 { return measured("/gc/heap/allocs:bytes") }

// measured returns one of the runtime's metrics, which is a number.
func measured(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// start has a goroutine run until stop is called.
func (r rester) start() (stop func()) {
	ctx, stop := context.WithCancel(context.Background())
	go r.run(ctx)
	return stop
}

// run looks every now and then, until ctx is done.
func (r rester) run(ctx context.Context) {
	tick := time.NewTicker(restEvery)
	defer tick.Stop()
	var before, returned uint64
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := r.allocated()
		if now-before < restBelow && now-returned > restAfter {
			r.giveBack()
			returned = now
		}
		before = now
	}
}
