package executor

import "time"

// expect estimates how long the call would wait that comes last, from how long calls
// have held their slots: 0 where no call has ended yet. It knows who waits and not who
// will come, and takes all calls for equally long.
func (s *slots) expect(t *ticket) time.Duration {
	c, l := &s.classes[t.class], t.lane
	own, others := 0, len(c.callers)
	by := c.callers[t.caller]
	if by != nil {
		own, others = by.waiting, others-1
	}
	wait := s.expectServer(t.class, own, others)
	if l.capacity > 0 {
		wait = max(wait, l.service.over(l.ahead(t.class, by), l.capacity))
	}
	if a := t.account; a != nil && a.capacity > 0 {
		wait = max(wait, s.service.over(s.upTo(t), a.capacity))
	}
	return wait
}

// expectServer is the part of the wait that is for a slot of the server, for a caller
// who has own calls waiting in the class beside so many others.
func (s *slots) expectServer(class, own, others int) time.Duration {
	higher := 0
	for i := class + 1; i < classes; i++ {
		higher += s.classes[i].eager
	}
	return s.service.over(ahead(class, own, others, s.classes[class].eager, higher), s.capacity)
}

// ahead returns how many calls would be given a slot of the tool up to and with the next
// of a caller, who is nil where none of that one's waits in the class.
func (l *lane) ahead(class int, by *caller) int {
	w := &l.lines[class]
	own, others := 0, w.callers
	if by != nil {
		if f := by.flow(w); f != nil {
			own, others = f.waiting, others-1
		}
	}
	higher := 0
	for i := class + 1; i < classes; i++ {
		higher += l.lines[i].waiting
	}
	return ahead(class, own, others, w.waiting, higher)
}

// ahead returns how many calls are served up to and with the last of a caller who has
// own calls before it, where waiting are of its class, of that many other callers, and
// higher are of higher classes. Each other caller has a turn for each of its own, and
// the higher classes go first until its class is due.
func ahead(class, own, others, waiting, higher int) int {
	n := min(waiting, own+(own+1)*others) + 1
	if class < interactive {
		higher = min(higher, n*patience[class])
	}
	return n + higher
}

// served tells the averages for how long a call has held its slot.
func (s *slots) served(l *lane, held time.Duration) {
	s.service.add(held)
	l.service.add(held)
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
