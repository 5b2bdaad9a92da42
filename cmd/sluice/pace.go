package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

// What the garbage collector lets a heap grow by. Go doubles it, so that a busy server,
// whose own heap is of a few megabytes, would collect that more than a hundred times a
// second.
const (
	paceSlack   = 16 << 20 // bytes, beside the doubling
	leastGrowth = 100      // percent: Go's own
	mostGrowth  = 400
)

// setPace has the collector let a small heap grow further, until the process ends. The
// environment's GOGC goes before it.
//
// A block of memory that nobody touches would have the same effect, and takes none, but
// for the start in ten or so at which Go puts it where memory was before, and so clears
// all of it.
var setPace = sync.OnceFunc(func() {
	if os.Getenv("GOGC") == "" {
		keepPace(leastGrowth)
	}
})

// keepPace sets the growth after each collection, where that was other than this before.
func keepPace(before int) {
	now := growth(measured("/gc/heap/live:bytes"))
	if now != before {
		debug.SetGCPercent(now)
	}
	runtime.AddCleanup(new(cycle), keepPace, now)
}

// A cycle is garbage at once, and so cleaned up in the next cycle of the collector. It is
// too large to share its memory with anything else.
type cycle [32]byte

// growth returns the growth of a heap with so much alive, in percent. It has steps: to
// change it stops the world.
func growth(live uint64) int {
	const step = 25
	percent := leastGrowth + 100*paceSlack/max(live, 1)
	return int(min(percent, mostGrowth)) / step * step
}
