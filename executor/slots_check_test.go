package executor

import "testing"

// checkSlots fails the test unless the slots are as their comment promises: every sum
// is that of the calls that wait, every heap in order, and nobody waits for a free slot.
func checkSlots(t *testing.T, s *slots, lanes []*lane) {
	var sum slotSums
	for i, l := range lanes {
		sum.running += l.running
		if l.running < 0 {
			t.Fatalf("lane %d: %d run", i, l.running)
		}
		before := sum.waiting
		for c := range l.lines {
			checkLine(t, s, l, c, &sum)
		}
		if sum.waiting-before != l.waiting {
			t.Fatalf("lane %d: %d wait, it says %d", i, sum.waiting-before, l.waiting)
		}
	}
	if sum.running != s.running || sum.waiting != s.waiting || sum.bytes != s.bytes {
		t.Fatalf("sums: %+v, slots say %d running, %d waiting, %d bytes", sum, s.running, s.waiting, s.bytes)
	}
	for c := range s.classes {
		checkClass(t, s, c, &sum)
	}
}

// slotSums are counted from the calls themselves.
type slotSums struct {
	running, waiting int
	bytes            int64
	classes          [classes]struct {
		waiting, eager, ready int
		callers               map[string]int
	}
}

func checkLine(t *testing.T, s *slots, l *lane, class int, sum *slotSums) {
	w, c := &l.lines[class], &sum.classes[class]
	n := 0
	for i, f := range w.flows {
		if w.callers[f.caller.name] != f || f.index != i+1 || i > 0 && w.flows.Less(i, (i-1)/2) {
			t.Fatalf("flow %d of class %d is out of place", i, class)
		}
		n += checkFlow(t, f, sum, class)
	}
	ready := n > 0 && !l.full()
	if n != w.waiting || len(w.callers) != len(w.flows) || ready != (w.index > 0) || ready && s.classes[class].ready[w.index-1] != w {
		t.Fatalf("class %d: %d wait of %d callers, ready: %v; the line says %d, %d, %d",
			class, n, len(w.flows), ready, w.waiting, len(w.callers), w.index)
	}
	c.waiting += n
	sum.waiting += n
	if ready {
		c.eager += n
		c.ready++
	}
}

func checkFlow(t *testing.T, f *flow, sum *slotSums, class int) (n int) {
	for k := f.first; k != nil; k = k.next {
		if k.state != ticketWaiting || k.flow != f || k.class != class || k.next == nil && f.last != k {
			t.Fatalf("a ticket of %s is out of place: %+v", f.caller.name, k)
		}
		n++
		sum.bytes += k.bytes
	}
	if n == 0 || n != f.waiting {
		t.Fatalf("%d of %s wait, the flow says %d", n, f.caller.name, f.waiting)
	}
	c := &sum.classes[class]
	if c.callers == nil {
		c.callers = map[string]int{}
	}
	c.callers[f.caller.name] += n
	return n
}

func checkClass(t *testing.T, s *slots, class int, sum *slotSums) {
	c, want := &s.classes[class], &sum.classes[class]
	for i := range c.ready {
		if i > 0 && c.ready.Less(i, (i-1)/2) {
			t.Fatalf("the heap of class %d is out of order at %d", class, i)
		}
	}
	if c.waiting != want.waiting || c.eager != want.eager || len(c.ready) != want.ready || len(c.callers) != len(want.callers) {
		t.Fatalf("class %d: %+v, it says %d waiting, %d eager, %d ready, %d callers",
			class, want, c.waiting, c.eager, len(c.ready), len(c.callers))
	}
	for name, n := range want.callers {
		if c.callers[name] == nil || c.callers[name].waiting != n {
			t.Fatalf("class %d: %d of %s wait, it says %+v", class, n, name, c.callers[name])
		}
	}
	for i, by := range c.crowd {
		if c.callers[by.name] != by || by.index != i+1 || i > 0 && c.crowd.Less(i, (i-1)/2) {
			t.Fatalf("class %d: %s is out of place in the crowd", class, by.name)
		}
		n := 0
		for k := by.last; k != nil; k = k.older {
			n++
		}
		if n != by.waiting {
			t.Fatalf("class %d: %d calls of %s are in its list, %d wait", class, n, by.name, by.waiting)
		}
	}
	if len(c.crowd) != len(c.callers) {
		t.Fatalf("class %d: %d of %d callers in the crowd", class, len(c.crowd), len(c.callers))
	}
	if s.running < s.capacity && len(c.ready) > 0 {
		t.Fatal("a slot is free and somebody waits who could have it")
	}
}
