package executor

import "time"

// slots is the state of the queue: who has a slot and who waits for one. Only
// [queue.update] touches it, which calls dispatch after each change. Then these hold:
//
//   - no more calls run than there are slots, over all, in each lane and of each caller;
//   - nobody waits who could run: while a slot is free, every call that waits has a lane
//     that is full or a caller who has all its slots (the queue conserves work);
//   - class.ready holds exactly the lines whose lanes are not full and in which a call
//     waits whose caller may have more slots.
//
// Who is next is found from the top down, each step the first of a heap: a class, the
// line in it that is first by its turn, and the flow that is first in that line. A call
// comes, goes or is served in O(log tools + log callers), however many wait.
//
// Turns are self-clocked fair queueing (S. J. Golestani, "A Self-Clocked Fair Queueing
// Scheme for Broadband Applications", INFOCOM 1994) with a call as the unit: the first
// call of a flow takes the turn after its caller's last, or after the class's round if
// that is later, and the round is the highest turn served. A caller without waiting
// calls can be forgotten, since its last turn is not above the round. Weights would be
// another step than 1 from turn to turn. A turn is taken only by the first call of a
// flow, and kept: were all calls given one when they come, those that wait for a busy
// tool would put off their caller's calls of any other.
//
// Classes age by the slots that have passed them over and not by time. With ageing by
// time an overload makes every batch call old, and then these go before the interactive
// ones. It is counted in each lane, and over all: a class that is served in one lane only
// would else starve in another.
type slots struct {
	capacity int   // slots of the server
	room     int   // how many calls may wait
	space    int64 // how many bytes of arguments may wait; 0 is no limit

	running  int
	waiting  int
	bytes    int64 // of those that wait
	classes  [classes]class
	accounts map[string]*account // by caller
	spare    struct {            // what was closed last, to be used again
		account *account
		caller  *caller
	}
	service average
	refused [refusals]uint64
}

// A refusal is why a call was not let wait, or not for longer.
type refusal uint8

const (
	refusedNot refusal = iota
	refusedFull
	refusedBytes
	refusedDeadline
	refusedTimeout
	refusedShare
	refusals
)

// limit sets how many slots the lane has: a tool may have been registered anew. Those
// who wait are served first, lest a newcomer overtake them.
func (s *slots) limit(l *lane, capacity int) {
	if l.capacity != capacity {
		l.capacity = capacity
		s.sort(l)
		s.dispatch()
	}
}

// take gives the ticket a slot if one is free. Then nobody waits for it: dispatch would
// have served them.
func (s *slots) take(t *ticket) bool {
	if s.running >= s.capacity || t.lane.full() || t.account.full() {
		return false
	}
	s.grant(t)
	s.charge(t.account, 1)
	return true
}

// enter lets the ticket wait, unless it cannot wait long enough, or there is no room for
// it and none that another call has to yield.
func (s *slots) enter(t *ticket, left time.Duration) refusal {
	why, yields := s.place(t)
	switch {
	case why != refusedNot && (yields == nil || s.fits(s.waiting-1, s.bytes-yields.bytes+t.bytes) != refusedNot):
	case s.expect(t) > left:
		why = refusedDeadline
	default:
		if yields != nil {
			s.pushOut(yields, why)
		}
		s.append(t)
		if yields != nil {
			s.forget(yields.account)
		}
		return refusedNot
	}
	s.refused[why]++
	return why
}

// place says why there is no place for the ticket, and which call would have to make one;
// nil where none has to.
func (s *slots) place(t *ticket) (why refusal, yields *ticket) {
	if a := t.account; a != nil && a.waiting >= a.share {
		return refusedShare, s.yieldsOwn(t)
	}
	if why = s.fits(s.waiting, s.bytes+t.bytes); why != refusedNot {
		yields = s.yields(t)
	}
	return why, yields
}

// fits says whether there is room for one more where so many calls wait, and for so many
// bytes.
func (s *slots) fits(waiting int, bytes int64) refusal {
	switch {
	case waiting >= s.room:
		return refusedFull
	case s.space > 0 && bytes > s.space:
		return refusedBytes
	}
	return refusedNot
}

// dispatch hands free slots to those who wait for them.
func (s *slots) dispatch() {
	for s.waiting > 0 && s.next() != nil {
	}
}

// next hands one free slot to the call whose turn it is, and returns that; nil where
// there is none.
func (s *slots) next() *ticket {
	c := s.due()
	if c < 0 || s.running >= s.capacity {
		return nil
	}
	l := s.classes[c].ready[0].of
	if aged := l.lane.aged(c); aged != nil {
		l = aged
	} else {
		s.classes[c].passed = 0
	}
	t := l.flows[0].of.first
	s.age(t)
	s.serve(t)
	s.grant(t)
	s.sort(t.lane)
	s.charge(t.account, 1)
	close(t.granted)
	return t
}

// due returns the class that is to have the next slot: the lowest that has been passed
// over too often, else the highest; -1 where nobody waits who could have it.
func (s *slots) due() int {
	highest := -1
	for i := range s.classes {
		if c := &s.classes[i]; len(c.ready) > 0 {
			if i < interactive && c.passed >= patience[i] {
				return i
			}
			highest = i
		}
	}
	return highest
}

// age counts the slot for the classes that it passes over.
func (s *slots) age(t *ticket) {
	t.flow.line.passed = 0
	for i := range t.class {
		if c := &s.classes[i]; len(c.ready) > 0 {
			c.passed++
		}
		if l := &t.lane.lines[i]; l.free > 0 {
			l.passed++
		}
	}
}

// leave gives up what a ticket has whose call did not wait to the end: its place, or
// the slot that came too late.
func (s *slots) leave(t *ticket) {
	switch t.state {
	case ticketWaiting:
		s.withdraw(t)
		s.sort(t.lane)
	case ticketRunning:
		s.release(t.lane, t.account)
	}
	t.state = ticketOut
}

// release takes back one slot of the lane and the caller. It does not ask of which call: one
// that a policy repeats while its first handler is stuck has two.
func (s *slots) release(l *lane, a *account) {
	s.running--
	l.running--
	if l.waiting > 0 {
		s.sort(l)
	}
	s.charge(a, -1)
}

func (s *slots) grant(t *ticket) {
	t.state = ticketRunning
	s.running++
	t.lane.running++
}

// append lets the ticket wait at the end of its flow.
func (s *slots) append(t *ticket) {
	c, l := &s.classes[t.class], &t.lane.lines[t.class]
	if c.waiting == 0 {
		c.passed = 0
	}
	if l.waiting == 0 {
		l.lane, l.passed = t.lane, 0
	}
	by := s.caller(t)
	f := by.flow(l)
	if f == nil {
		f = by.open(l, t.account)
	}
	f.append(t)
	by.append(t)
	c.crowd.more(by)
	if f.first == t {
		c.takeTurn(f)
	}
	t.state, t.granted, t.stopped, t.pushed = ticketWaiting, make(chan struct{}), nil, refusedNot
	s.count(t, 1)
	s.sort(t.lane)
}

// serve takes out the ticket, whose turn it is; the next of its flow takes another turn.
func (s *slots) serve(t *ticket) {
	f, c := t.flow, &s.classes[t.class]
	c.round = max(c.round, f.turn)
	s.remove(t)
	if f.first != nil {
		c.takeTurn(f)
	}
}

// withdraw takes out a ticket that no longer wants its turn: the next of its flow has
// it, or the caller has it back.
func (s *slots) withdraw(t *ticket) {
	s.remove(t)
	if t.flow.first == nil {
		t.flow.caller.turn--
	}
}

func (s *slots) remove(t *ticket) {
	f, c := t.flow, &s.classes[t.class]
	f.cut(t)
	f.caller.cut(t)
	c.crowd.fewer(f.caller)
	s.count(t, -1)
	if f.first == nil {
		f.caller.close(f)
	}
	if f.caller.waiting == 0 {
		s.miss(t.class, f.caller)
	}
}

// count counts the ticket as waiting, or no longer so, wherever that is counted but in
// eager and the crowd.
func (s *slots) count(t *ticket, n int) {
	s.waiting += n
	s.bytes += int64(n) * t.bytes
	s.classes[t.class].waiting += n
	t.lane.waiting += n
	t.flow.line.waiting += n
	if t.account != nil {
		t.account.waiting += n
	}
	if !t.account.full() {
		t.flow.line.free += n
	}
	t.flow.waiting += n
}

// sort puts the lines of a lane where they belong, after anything in it has changed.
func (s *slots) sort(l *lane) {
	for i := range l.lines {
		line, class := &l.lines[i], &s.classes[i]
		eager := 0
		if line.free > 0 && !l.full() {
			eager = line.free
			class.ready.put(line)
		} else {
			class.ready.drop(line)
		}
		class.eager += eager - line.eager
		line.eager = eager
	}
}
