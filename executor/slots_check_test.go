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
	free, n := 0, 0
	checkPile(t, w.flows)
	for i, p := range w.flows {
		f := p.of
		if f.caller.flow(w) != f || s.classes[class].callers[f.caller.name] != f.caller || f.account.full() {
			t.Fatalf("flow %d of class %d is out of place", i, class)
		}
		free += f.waiting
	}
	callers := 0
	for _, by := range s.classes[class].callers {
		f := by.flow(w)
		if f == nil {
			continue
		}
		callers++
		if f.line != w || f.caller != by || f.index == 0 != f.account.full() || f.account != nil && (f.account.flows[f.at] != f || f.account.name != by.name) {
			t.Fatalf("the flow of %s in class %d is at %d, its account: %+v", by.name, class, f.index, f.account)
		}
		n += checkFlow(t, f, sum, class)
	}
	ready := free > 0 && !l.full()
	if callers != w.callers || n != w.waiting || free != w.free || ready != (w.index > 0) || ready && s.classes[class].ready[w.index-1].of != w {
		t.Fatalf("class %d: %d of %d callers wait, %d of them free, ready: %v; the line says %d of %d, %d, %d",
			class, n, callers, free, ready, w.waiting, w.callers, w.free, w.index)
	}
	c.waiting += n
	sum.waiting += n
	if ready {
		c.eager += free
		c.ready++
	}
}

// checkAccounts checks what is kept of each caller against the calls of it that run.
func checkAccounts(t *testing.T, s *slots, running map[string]int) {
	t.Helper()
	for name, n := range running {
		if a := s.accounts[name]; a == nil || a.running != n {
			t.Fatalf("%d of %s run, the account says %+v", n, name, a)
		}
	}
	for name, a := range s.accounts {
		waiting := 0
		for i, f := range a.flows {
			if f.account != a || f.at != i || f.caller.flow(f.line) != f {
				t.Fatalf("flow %d of %s is out of place", i, name)
			}
			waiting += f.waiting
		}
		if waiting != a.waiting || a.running != running[name] || waiting+a.running == 0 {
			t.Fatalf("%s: %d wait, %d run, the account says %+v", name, waiting, running[name], a)
		}
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
	checkPile(t, c.ready)
	if c.waiting != want.waiting || c.eager != want.eager || len(c.ready) != want.ready || len(c.callers) != len(want.callers) {
		t.Fatalf("class %d: %+v, it says %d waiting, %d eager, %d ready, %d callers",
			class, want, c.waiting, c.eager, len(c.ready), len(c.callers))
	}
	for name, n := range want.callers {
		if c.callers[name] == nil || c.callers[name].waiting != n {
			t.Fatalf("class %d: %d of %s wait, it says %+v", class, n, name, c.callers[name])
		}
	}
	checkCrowd(t, c)
	if s.running < s.capacity && len(c.ready) > 0 {
		t.Fatal("a slot is free and somebody waits who could have it")
	}
}

// checkCrowd checks that the callers of a class are in the crowd by the lengths of their lists.
func checkCrowd(t *testing.T, c *class) {
	t.Helper()
	for i, by := range c.crowd.callers {
		n := 0
		for k := by.last; k != nil; k = k.older {
			n++
		}
		if n == 0 || n != by.waiting || by.index != i || c.callers[by.name] != by || i > 0 && c.crowd.callers[i-1].waiting < n {
			t.Fatalf("caller %d of the crowd, with %d calls in its list, is out of place: %+v", i, n, by)
		}
	}
	for n, having := range c.crowd.having {
		if n > 0 && (having > len(c.callers) || having > 0 && c.crowd.callers[having-1].waiting < n || having < len(c.callers) && c.crowd.callers[having].waiting >= n) {
			t.Fatalf("the crowd says that %d of %d callers have %d calls or more", having, len(c.callers), n)
		}
	}
	if len(c.crowd.callers) != len(c.callers) {
		t.Fatalf("%d of %d callers in the crowd", len(c.crowd.callers), len(c.callers))
	}
}
