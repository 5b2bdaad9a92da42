package executor

import (
	"container/heap"
	"time"
)

// slots is the state of the queue: who has a slot and who waits for one. Only
// [queue.update] touches it, which calls dispatch after each change. Then these hold:
//
//   - no more calls run than there are slots, over all and in each lane;
//   - nobody waits who could run: while a slot is free, every lane with waiters is
//     full (the queue conserves work);
//   - within a lane, slots go out in the order of arrival; between lanes that could
//     take a slot, it goes to the call that has waited longest. A full lane holds up
//     nobody else;
//   - ready holds exactly the lanes that have waiters and are not full.
//
// A change costs O(log lanes), however many wait. What is to come has its place:
// resizing is a change of capacity; priorities and fairness are another order in a
// lane, or another order of ready.
type slots struct {
	capacity int // slots of the server
	room     int // how many may wait
	running  int
	waiting  int
	arrivals uint64 // tickets that have waited so far
	ready    readyLanes
	service  average
}

// A lane is the calls of one tool.
type lane struct {
	capacity    int // slots of the tool; 0 is no limit
	running     int
	waiting     int
	first, last *ticket // those that wait, in order of arrival
	index       int     // in slots.ready, plus 1; 0 is not in it
	service     average
}

// A ticket is a call's place in its lane.
type ticket struct {
	lane       *lane
	arrival    uint64
	state      ticketState
	prev, next *ticket
	granted    chan struct{} // closed when a waiting ticket is given its slot
	since      time.Duration // when the slot was given, after the call came
}

type ticketState uint8

const (
	ticketOut     ticketState = iota // neither waits nor has a slot
	ticketWaiting                    // is in its lane's list
	ticketRunning                    // has a slot
)

// limit sets how many slots the lane has: a tool may have been registered anew. Those
// who wait are served first, lest a newcomer overtake them.
func (s *slots) limit(l *lane, capacity int) {
	if l.capacity != capacity {
		l.capacity = capacity
		s.update(l)
		s.dispatch()
	}
}

// admit gives the ticket a slot, or a place in its lane, or, where the room is full,
// nothing.
func (s *slots) admit(t *ticket) ticketState {
	switch {
	case s.running < s.capacity && !t.lane.full():
		s.grant(t)
	case s.waiting < s.room:
		s.append(t)
	}
	return t.state
}

// dispatch hands free slots to those who wait for them.
func (s *slots) dispatch() {
	for s.running < s.capacity && len(s.ready) > 0 {
		t := s.ready[0].first
		s.remove(t)
		s.grant(t)
		s.update(t.lane)
		close(t.granted)
	}
}

// leave gives up what a ticket has whose call did not wait to the end: its place, or
// the slot that came too late.
func (s *slots) leave(t *ticket) {
	switch t.state {
	case ticketWaiting:
		s.remove(t)
		s.update(t.lane)
	case ticketRunning:
		s.release(t.lane)
	}
	t.state = ticketOut
}

// release takes back one slot of the lane. It does not ask whose: a call that a policy
// repeats while its first handler is stuck has two.
func (s *slots) release(l *lane) {
	s.running--
	l.running--
	s.update(l)
}

// served tells the averages for how long a call has held its slot.
func (s *slots) served(l *lane, held time.Duration) {
	s.service.add(held)
	l.service.add(held)
}

func (s *slots) grant(t *ticket) {
	t.state = ticketRunning
	s.running++
	t.lane.running++
}

func (s *slots) append(t *ticket) {
	s.arrivals++
	s.waiting++
	l := t.lane
	t.state, t.arrival, t.granted = ticketWaiting, s.arrivals, make(chan struct{})
	if t.prev = l.last; t.prev != nil {
		t.prev.next = t
	} else {
		l.first = t
	}
	l.last = t
	l.waiting++
	s.update(l)
}

func (s *slots) remove(t *ticket) {
	l := t.lane
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		l.first = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	} else {
		l.last = t.prev
	}
	t.prev, t.next = nil, nil
	l.waiting--
	s.waiting--
}

// update puts the lane where it belongs in ready, after anything in it changed.
func (s *slots) update(l *lane) {
	belongs := l.first != nil && !l.full()
	switch {
	case belongs && l.index == 0:
		heap.Push(&s.ready, l)
	case belongs:
		heap.Fix(&s.ready, l.index-1)
	case l.index != 0:
		heap.Remove(&s.ready, l.index-1)
	}
}

// wait estimates how long a call that came last would wait now, from how long calls
// have held their slots.
func (s *slots) wait(l *lane) time.Duration {
	wait := s.service.over(s.waiting+1, s.capacity)
	if l.capacity > 0 {
		wait = max(wait, l.service.over(l.waiting+1, l.capacity))
	}
	return wait
}

func (l *lane) full() bool { return l.capacity > 0 && l.running >= l.capacity }

// readyLanes is a heap of lanes by the arrival of their first tickets.
type readyLanes []*lane

func (h readyLanes) Len() int           { return len(h) }
func (h readyLanes) Less(i, j int) bool { return h[i].first.arrival < h[j].first.arrival }

func (h readyLanes) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i+1, j+1
}

func (h *readyLanes) Push(l any) {
	*h = append(*h, l.(*lane))
	l.(*lane).index = len(*h)
}

func (h *readyLanes) Pop() any {
	last := len(*h) - 1
	l := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	l.index = 0
	return l
}

// average is a moving average of durations in which the last counts for an eighth.
type average struct {
	known bool
	mean  time.Duration
}

func (a *average) add(d time.Duration) {
	if !a.known {
		a.known, a.mean = true, d
		return
	}
	a.mean += (d - a.mean) / 8
}

// over returns how long n calls take on so many slots; 0 where nothing is known.
func (a *average) over(n, slots int) time.Duration {
	return time.Duration(float64(a.mean) * float64(n) / float64(slots))
}
