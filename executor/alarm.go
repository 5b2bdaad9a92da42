package executor

import (
	"sync"
	"time"
)

// alarms cancels calls at their limits, of the queue's wait as of the run. All share one
// timer, set to the earliest: nearly all calls end long before, and a timer of its own costs
// each 0.3 us, or 1 us on a busy machine, and two allocations. The timer is not set back when
// a call ends; it fires for nothing at most once in a limit's time, and not again when no
// call is left.
type alarms struct {
	epoch time.Time // all times here are counted from

	mu    sync.Mutex // guards all below, and due and index of the stopwatches
	heap  pile[*stopwatch]
	timer *time.Timer   // nil until the first call
	next  time.Duration // when the timer fires; 0 when it is not set
}

// add has the stopwatch's call cancelled at its end, unless it has no limit.
func (a *alarms) add(s *stopwatch) {
	end, cause := s.end()
	if cause == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s.due = a.due(s, end)
	a.heap.put(s)
	a.set()
}

// remove forgets the stopwatch; it may have rung already.
func (a *alarms) remove(s *stopwatch) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.heap.drop(s)
}

// set sets the timer to the earliest stopwatch, unless it is set to fire before.
func (a *alarms) set() {
	if len(a.heap) == 0 {
		return
	}
	due := a.heap[0].of.due
	if a.next > 0 && due >= a.next {
		return
	}
	a.next = due
	left := due - time.Since(a.epoch)
	if a.timer == nil {
		a.timer = time.AfterFunc(left, a.ring)
	} else {
		a.timer.Reset(left)
	}
}

// ring cancels the calls whose time is over, and looks later at those that have
// shown progress meanwhile.
func (a *alarms) ring() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.next = 0
	for len(a.heap) > 0 {
		s := a.heap[0].of
		now := time.Since(a.epoch)
		if s.due > now {
			break
		}
		end, cause := s.end()
		if s.due = a.due(s, end); s.due > now {
			a.heap.put(s)
			continue
		}
		a.heap.drop(s)
		s.call.cancel(cause)
	}
	a.set()
}

// due returns when a stopwatch ends that ends so long after its call came. It is
// positive: what is over when it begins is over a nanosecond later.
func (a *alarms) due(s *stopwatch, end time.Duration) time.Duration {
	return max(s.x.born().Sub(a.epoch)+end, 1)
}

func (s *stopwatch) place() *int { return &s.index }
func (s *stopwatch) rank() rank  { return rank{first: int64(s.due)} }
