package executor

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// checkSlots fails the test unless the slots are as their comment promises.
func checkSlots(t *testing.T, s *slots, lanes []*lane) {
	t.Helper()
	running, waiting, ready := 0, 0, 0
	for i, l := range lanes {
		n := 0
		for k := l.first; k != nil; k = k.next {
			n++
			if k.state != ticketWaiting || k.next != nil && k.next.arrival <= k.arrival {
				t.Fatalf("lane %d is out of order", i)
			}
		}
		if n != l.waiting || l.capacity > 0 && l.running > l.capacity || l.running < 0 {
			t.Fatalf("lane %d: %d in the list, %+v", i, n, l)
		}
		could := n > 0 && !l.full()
		if could != (l.index > 0) || could && s.ready[l.index-1] != l {
			t.Fatalf("lane %d: could take a slot: %v, index %d", i, could, l.index)
		}
		if could {
			ready++
		}
		running, waiting = running+l.running, waiting+n
	}
	for i := range s.ready {
		if i > 0 && s.ready.Less(i, (i-1)/2) {
			t.Fatalf("the heap of lanes is out of order at %d", i)
		}
	}
	if running != s.running || waiting != s.waiting || ready != len(s.ready) {
		t.Fatalf("sums: %d running, %d waiting, %d ready, slots say %d, %d, %d",
			running, waiting, ready, s.running, s.waiting, len(s.ready))
	}
	if s.running > s.capacity || s.waiting > s.room {
		t.Fatalf("bounds: %d of %d run, %d of %d wait", s.running, s.capacity, s.waiting, s.room)
	}
	if s.running < s.capacity && len(s.ready) > 0 {
		t.Fatal("a slot is free and somebody waits who could have it")
	}
}

// TestSlotsRandom changes the slots at random and looks after each change whether
// none is lost or doubled, each lane is served in order and no slot idles.
func TestSlotsRandom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		q := newQueue(1+r.IntN(6), r.IntN(12))
		lanes := make([]*lane, 1+r.IntN(5))
		for i := range lanes {
			lanes[i] = &lane{capacity: r.IntN(3)}
		}
		var all []*ticket
		for range 2000 {
			if len(all) == 0 || r.IntN(2) == 0 {
				all = append(all, arrive(t, q, lanes[r.IntN(len(lanes))])...)
			} else {
				i := r.IntN(len(all))
				depart(t, q, all[i])
				all = slices.Delete(all, i, i+1)
			}
			checkSlots(t, &q.slots, lanes)
		}
		for _, k := range all {
			depart(t, q, k)
		}
		checkSlots(t, &q.slots, lanes)
		if q.slots.running != 0 || q.slots.waiting != 0 {
			t.Fatalf("seed %d: not empty at the end: %+v", seed, q.slots)
		}
	}
}

// arrive admits a new ticket and returns it unless it was refused, for which there
// must be a reason.
func arrive(t *testing.T, q *queue, l *lane) []*ticket {
	t.Helper()
	k := &ticket{lane: l}
	before := q.slots
	full := l.full()
	var state ticketState
	q.update(func(s *slots) { state = s.admit(k) })
	switch {
	case state == ticketRunning && (full || before.running == before.capacity):
		t.Fatal("a slot was given that there is not")
	case state == ticketWaiting && !full && before.running < before.capacity:
		t.Fatal("a call waits although there is a slot")
	case state == ticketOut && (before.waiting < before.room || !full && before.running < before.capacity):
		t.Fatal("a call was refused although there is a place")
	case state == ticketOut:
		return nil
	}
	return []*ticket{k}
}

// depart gives up the ticket; those of its lane that waited longest must be first to
// be given a slot.
func depart(t *testing.T, q *queue, k *ticket) {
	t.Helper()
	var waiters []*ticket
	for w := k.lane.first; w != nil; w = w.next {
		if w != k {
			waiters = append(waiters, w)
		}
	}
	q.update(func(s *slots) { s.leave(k) })
	stillWaits := false
	for _, w := range waiters {
		if w.state == ticketRunning && stillWaits {
			t.Fatal("a call was overtaken in its lane")
		}
		stillWaits = stillWaits || w.state == ticketWaiting
	}
}

// TestSlotsPassFullLanes checks that a full lane holds up nobody else, and that
// between lanes the longest wait counts.
func TestSlotsPassFullLanes(t *testing.T) {
	t.Parallel()
	q := newQueue(2, 10)
	narrow, a, b := &lane{capacity: 1}, &lane{}, &lane{}
	tickets := map[string]*ticket{}
	for _, k := range []struct {
		name string
		lane *lane
	}{{"n1", narrow}, {"a1", a}, {"n2", narrow}, {"b1", b}, {"a2", a}} {
		tickets[k.name] = &ticket{lane: k.lane}
		q.update(func(s *slots) { s.admit(tickets[k.name]) })
	}
	for _, step := range []struct{ leaves, gets string }{
		{"a1", "b1"}, // n2 came first, and its lane is full
		{"n1", "n2"}, // now it can, and came before a2
		{"b1", "a2"},
	} {
		q.update(func(s *slots) { s.leave(tickets[step.leaves]) })
		if tickets[step.gets].state != ticketRunning {
			t.Errorf("after %s left, %s did not get its slot", step.leaves, step.gets)
		}
		checkSlots(t, &q.slots, []*lane{narrow, a, b})
	}
}

// TestSlotsLimit checks that a tool's new limit holds at once, and that a newcomer does
// not overtake those who waited under the old one.
func TestSlotsLimit(t *testing.T) {
	t.Parallel()
	q := newQueue(4, 10)
	l := &lane{capacity: 1}
	tickets := make([]ticket, 5)
	for i := range tickets {
		tickets[i].lane = l
		q.update(func(s *slots) {
			if i == 3 {
				s.limit(l, 3)
			}
			s.admit(&tickets[i])
		})
		checkSlots(t, &q.slots, []*lane{l})
	}
	for i, k := range tickets {
		if want := map[bool]ticketState{true: ticketRunning, false: ticketWaiting}[i < 3]; k.state != want {
			t.Errorf("ticket %d is in state %d, want %d", i, k.state, want)
		}
	}
	q.update(func(s *slots) { s.limit(l, 1) })
	for range 3 {
		q.update(func(s *slots) { s.release(l) })
		checkLane(t, q, l)
	}
}

// checkLane fails the test where the lane waits although it is not full.
func checkLane(t *testing.T, q *queue, l *lane) {
	t.Helper()
	if l.waiting > 0 && !l.full() && q.slots.running < q.slots.capacity {
		t.Errorf("%d wait, %d of %d run", l.waiting, l.running, l.capacity)
	}
}

// BenchmarkSlots is one call admitted at the end of a queue of 100 000 waiting calls
// and one slot handed off to the first of them.
func BenchmarkSlots(b *testing.B) {
	for _, tools := range []int{1, 1000} {
		b.Run(map[int]string{1: "1tool", 1000: "1000tools"}[tools], func(b *testing.B) {
			const waiting = 100_000
			q := newQueue(1, waiting+1)
			lanes := make([]lane, tools)
			tickets := make([]ticket, waiting+2)
			for i := range waiting + 1 {
				tickets[i].lane = &lanes[i%tools]
				q.update(func(s *slots) { s.admit(&tickets[i]) })
			}
			b.ReportAllocs()
			first, last := 0, waiting+1
			for b.Loop() {
				in, out := &tickets[last], &tickets[first]
				in.lane = &lanes[last%tools]
				q.update(func(s *slots) { s.admit(in) })
				q.update(func(s *slots) { s.leave(out) })
				first, last = (first+1)%len(tickets), (last+1)%len(tickets)
			}
		})
	}
}
