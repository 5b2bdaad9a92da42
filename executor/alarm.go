package executor

import (
	"container/heap"
	"sync"
	"time"
)

// alarms cancels calls at their limits. All share one timer, set to the earliest: a
// timer for each call costs more than the rest of its policies together, and nearly
// all calls end long before. The timer is not set back when a call ends; it fires for
// nothing at most once in a limit's time, and not again when no call is left.
type alarms struct {
	mu    sync.Mutex // guards all below, and due and index of the stopwatches
	heap  dueHeap
	timer *time.Timer // nil until the first call
	next  time.Time   // when the timer fires; zero when it is not set
}

// add has the stopwatch's call cancelled at its end, unless it has no limit.
func (a *alarms) add(s *stopwatch) {
	end, cause := s.end()
	if cause == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s.due = s.x.born.Add(end)
	heap.Push(&a.heap, s)
	a.set()
}

// remove forgets the stopwatch; it may have rung already.
func (a *alarms) remove(s *stopwatch) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s.index > 0 {
		heap.Remove(&a.heap, s.index-1)
	}
}

// set sets the timer to the earliest stopwatch, unless it is set to fire before.
func (a *alarms) set() {
	if len(a.heap) == 0 {
		return
	}
	due := a.heap[0].due
	if !a.next.IsZero() && !due.Before(a.next) {
		return
	}
	a.next = due
	if a.timer == nil {
		a.timer = time.AfterFunc(time.Until(due), a.ring)
	} else {
		a.timer.Reset(time.Until(due))
	}
}

// ring cancels the calls whose time is over, and looks later at those that have
// shown progress meanwhile.
func (a *alarms) ring() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.next = time.Time{}
	for len(a.heap) > 0 {
		s := a.heap[0]
		now := time.Now()
		if s.due.After(now) {
			break
		}
		end, cause := s.end()
		if s.due = s.x.born.Add(end); s.due.After(now) {
			heap.Fix(&a.heap, 0)
			continue
		}
		heap.Pop(&a.heap)
		s.cancel(cause)
	}
	a.set()
}

// dueHeap is a heap of stopwatches by when they are due.
type dueHeap []*stopwatch

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }

func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i+1, j+1
}

func (h *dueHeap) Push(s any) {
	*h = append(*h, s.(*stopwatch))
	s.(*stopwatch).index = len(*h)
}

func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	s := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	s.index = 0
	return s
}
