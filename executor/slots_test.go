package executor

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// newSlots returns slots that let all wait.
func newSlots(capacity int) *slots { return &slots{capacity: capacity, room: math.MaxInt} }

// admit gives the ticket a slot or lets it wait.
func (s *slots) admit(k *ticket) *ticket {
	if !s.take(k) {
		s.enter(k, math.MaxInt64)
	}
	s.dispatch()
	return k
}

// vacate ends a call that runs.
func (s *slots) vacate(k *ticket) {
	s.leave(k)
	s.dispatch()
}

// TestSlotsPassFullLanes checks that a full lane holds up nobody else, and that
// between lanes the longest wait counts.
func TestSlotsPassFullLanes(t *testing.T) {
	t.Parallel()
	s := newSlots(2)
	narrow, a, b := &lane{capacity: 1}, &lane{}, &lane{}
	tickets := map[string]*ticket{}
	for _, k := range []struct {
		name string
		lane *lane
	}{{"n1", narrow}, {"a1", a}, {"n2", narrow}, {"b1", b}, {"a2", a}} {
		tickets[k.name] = s.admit(&ticket{lane: k.lane})
	}
	for _, step := range []struct{ leaves, gets string }{
		{"a1", "b1"}, // n2 came first, and its lane is full
		{"n1", "n2"}, // now it can, and came before a2
		{"b1", "a2"},
	} {
		s.vacate(tickets[step.leaves])
		if tickets[step.gets].state != ticketRunning {
			t.Errorf("after %s left, %s did not get its slot", step.leaves, step.gets)
		}
		checkSlots(t, s, []*lane{narrow, a, b})
	}
}

// TestSlotsLimit checks that a tool's new limit holds at once, and that a newcomer does
// not overtake those who waited under the old one.
func TestSlotsLimit(t *testing.T) {
	t.Parallel()
	s, l := newSlots(4), &lane{capacity: 1}
	tickets := make([]ticket, 5)
	for i := range tickets {
		tickets[i].lane = l
		if i == 3 {
			s.limit(l, 3)
		}
		s.admit(&tickets[i])
		checkSlots(t, s, []*lane{l})
	}
	for i, k := range tickets {
		if want := map[bool]ticketState{true: ticketRunning, false: ticketWaiting}[i < 3]; k.state != want {
			t.Errorf("ticket %d is in state %d, want %d", i, k.state, want)
		}
	}
	s.limit(l, 1)
	for n := range 3 {
		s.vacate(&tickets[n])
		if want := max(2-n, 1); l.running != want {
			t.Errorf("%d run, want %d", l.running, want)
		}
	}
}

// serveAll ends one call after the other and returns the names of those that waited in
// the order in which they were given slots.
func serveAll(s *slots, running *ticket, names map[*ticket]string) (order []string) {
	for running != nil {
		s.leave(running)
		if running = s.next(); running != nil {
			order = append(order, names[running])
		}
	}
	return order
}

// TestSlotsOrder checks on one slot who goes before whom.
func TestSlotsOrder(t *testing.T) {
	t.Parallel()
	type call struct {
		tool, caller string
		class, n     int
	}
	for _, test := range []struct {
		name  string
		calls []call
		want  string
	}{
		{"classes", []call{{"t", "a", batch, 1}, {"t", "a", normal, 1}, {"t", "a", interactive, 2}}, "[a2 a2 a1 a0]"},
		{"normal ages", []call{{"t", "a", normal, 2}, {"t", "b", interactive, 10}},
			"[b2 b2 b2 b2 b2 b2 b2 b2 a1 b2 b2 a1]"},
		{"the first of another caller", []call{{"t", "a", normal, 4}, {"t", "b", normal, 1}, {"t", "c", normal, 2}}, "[a1 b1 c1 a1 c1 a1 a1]"},
		{"one share over all tools", []call{{"t", "a", normal, 2}, {"u", "a", normal, 2}, {"v", "a", normal, 2}, {"t", "b", normal, 3}},
			"[a1 b1 a1 b1 a1 b1 a1 a1 a1]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, lanes, names := newSlots(1), map[string]*lane{"t": {}, "u": {}, "v": {}}, map[*ticket]string{}
			running := s.admit(&ticket{lane: lanes["t"]})
			for _, c := range test.calls {
				for range c.n {
					k := s.admit(&ticket{lane: lanes[c.tool], caller: c.caller, class: c.class})
					names[k] = fmt.Sprint(c.caller, c.class)
				}
			}
			if got := fmt.Sprint(serveAll(s, running, names)); got != test.want {
				t.Errorf("order %s, want %s", got, test.want)
			}
		})
	}
}

// TestSlotsFirstCall checks that a caller with 10 000 waiting calls delays the first of
// another one by one call, in the same tool and in another, and also where many come and
// go meanwhile.
func TestSlotsFirstCall(t *testing.T) {
	t.Parallel()
	s, lanes := newSlots(1), []*lane{{}, {}}
	running := s.admit(&ticket{lane: lanes[0]})
	for range 10_000 {
		s.admit(&ticket{lane: lanes[0], caller: "greedy"})
	}
	for i := range 100 {
		first := s.admit(&ticket{lane: lanes[i%2], caller: fmt.Sprint(i)})
		for n := 0; first.state == ticketWaiting; n++ {
			if n > 1 {
				t.Fatalf("%d calls went before the first of caller %d", n, i)
			}
			s.leave(running)
			running = s.next()
		}
	}
	if n := s.classes[batch].callers["greedy"].waiting; n > 10_000-50 {
		t.Errorf("the greedy one starves: %d of its calls wait", n)
	}
}

// TestSlotsTurnBack checks that calls which leave have not used up their caller's share.
func TestSlotsTurnBack(t *testing.T) {
	t.Parallel()
	s, l := newSlots(1), &lane{}
	other := make([]lane, 1000)
	running := s.admit(&ticket{lane: l})
	s.admit(&ticket{lane: l, caller: "a"})
	for i := range other {
		s.leave(s.admit(&ticket{lane: &other[i], caller: "a"}))
	}
	names := map[*ticket]string{}
	for _, caller := range []string{"a", "b", "b", "b"} {
		names[s.admit(&ticket{lane: &other[0], caller: caller})] = caller
	}
	if got := fmt.Sprint(serveAll(s, running, names)); got != "[ b a b b]" {
		t.Errorf("order %s", got)
	}
}

// TestSlotsAgeInEachTool checks that batch calls of a slow tool are served although those
// of a fast one have all that is left for batch over all.
func TestSlotsAgeInEachTool(t *testing.T) {
	t.Parallel()
	s, slow, fast := newSlots(2), &lane{capacity: 1}, &lane{capacity: 1}
	inSlow, inFast := s.admit(&ticket{lane: slow}), s.admit(&ticket{lane: fast})
	waits := s.admit(&ticket{lane: slow, class: batch, caller: "late"})
	for range 200 {
		s.admit(&ticket{lane: slow, class: interactive})
	}
	for i := range 20_000 {
		s.admit(&ticket{lane: fast, class: i % 2 * interactive})
	}
	for n := 0; waits.state == ticketWaiting; n++ {
		if n > patience[batch] {
			t.Fatalf("%d slots of the tool went to others", n)
		}
		for range 100 {
			s.leave(inFast)
			inFast = s.next()
		}
		s.leave(inSlow)
		inSlow = s.next()
	}
}

// TestSlotsForget checks that a class for which nobody waits any longer is passed over
// from the beginning when somebody does again.
func TestSlotsForget(t *testing.T) {
	t.Parallel()
	s, l := newSlots(1), &lane{}
	running := s.admit(&ticket{lane: l})
	for range 100 {
		s.admit(&ticket{lane: l, class: interactive})
	}
	pass := func(n int) {
		for range n {
			s.leave(running)
			if running = s.next(); running.class != interactive {
				t.Fatal("served too soon")
			}
		}
	}
	left := s.admit(&ticket{lane: l, class: normal})
	pass(patience[normal])
	s.leave(left)
	last := s.admit(&ticket{lane: l, class: normal})
	pass(patience[normal])
	s.vacate(running)
	if last.state != ticketRunning {
		t.Error("served too late")
	}
}

// TestExpect checks the estimate of a wait.
func TestExpect(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                       string
		class                      int
		own, other, higher, inFull int // calls that wait
		limit, want                int
	}{
		{"nobody waits", normal, 0, 0, 0, 0, 0, 1},
		{"own", normal, 5, 0, 0, 0, 0, 6},
		{"one turn of another caller", normal, 0, 50, 0, 0, 0, 2},
		{"own and as many turns of another", normal, 3, 50, 0, 0, 0, 8},
		{"fewer of another", normal, 3, 2, 0, 0, 0, 6},
		{"higher", normal, 0, 0, 5, 0, 0, 6},
		{"higher until the class is due", normal, 1, 0, 500, 0, 0, 18},
		{"of no matter to interactive", interactive, 0, 0, 0, 9, 0, 1},
		{"a full tool is no obstacle", normal, 0, 0, 0, 9, 0, 1},
		{"a full tool of its own", normal, 3, 0, 0, 0, 1, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, l, full := newSlots(2), &lane{}, &lane{capacity: 1}
			s.admit(&ticket{lane: full})
			s.admit(&ticket{lane: l})
			if test.limit > 0 {
				s.limit(l, test.limit)
			}
			for range test.inFull {
				s.admit(&ticket{lane: full, class: test.class})
			}
			for class, callers := range map[int]map[string]int{test.class: {"own": test.own, "other": test.other}, interactive: {"higher": test.higher}} {
				for caller, n := range callers {
					for range n {
						s.admit(&ticket{lane: l, class: class, caller: caller})
					}
				}
			}
			if got := s.expect(&ticket{lane: l, class: test.class, caller: "own"}); got != 0 {
				t.Errorf("an estimate from nothing: %v", got)
			}
			s.served(l, time.Second)
			want := time.Duration(test.want) * time.Second / 2
			if test.limit > 0 {
				want = time.Duration(test.want) * time.Second / time.Duration(test.limit)
			}
			if got := s.expect(&ticket{lane: l, class: test.class, caller: "own"}); got != want {
				t.Errorf("expects %v, want %v", got, want)
			}
		})
	}
}
