package executor

import "math"

// An account is what one caller has of the slots and of those that wait for them. It
// exists while a call of the caller has either, and only where callers are bounded
// ([Options.Allowance]).
//
// While a caller has all the slots that it may, its flows stand in no line: so it holds up
// nobody, and takes its place again, with the turns that it had, when one of its calls
// ends. That costs it O(log callers) for each tool that it waits for.
type account struct {
	name     string
	capacity int // slots of the caller; 0 is no limit
	share    int // how many of its calls may wait
	running  int
	waiting  int
	flows    []*flow // of its calls that wait, each knows its index
}

// full reports whether the caller has all the slots that it may. It may be called on nil.
func (a *account) full() bool { return a != nil && a.capacity > 0 && a.running >= a.capacity }

func (a *account) add(f *flow) {
	f.at = len(a.flows)
	a.flows = append(a.flows, f)
}

func (a *account) drop(f *flow) {
	last := len(a.flows) - 1
	a.flows[f.at] = a.flows[last]
	a.flows[f.at].at = f.at
	a.flows[last] = nil
	a.flows = a.flows[:last]
}

// account returns that of a caller, with the bounds that it has now.
func (s *slots) account(name string, allowance *Allowance) *account {
	a := s.accounts[name]
	if a == nil {
		if a = s.spare.account; a == nil {
			a = &account{}
		}
		s.spare.account, a.name = nil, name
		if s.accounts == nil {
			s.accounts = map[string]*account{}
		}
		s.accounts[name] = a
	}
	s.bound(a, allowance)
	return a
}

// bound sets what the caller may have: that may have changed. Those who wait are served
// first, lest a newcomer overtake them.
func (s *slots) bound(a *account, allowance *Allowance) {
	a.share = math.MaxInt
	if allowance.Queue != 0 {
		a.share = max(allowance.Queue, 0)
	}
	if capacity := max(allowance.Concurrency, 0); capacity != a.capacity {
		was := a.full()
		a.capacity = capacity
		s.turn(a, was)
		s.dispatch()
	}
}

// turn takes the flows of a caller out of their lines, or puts them back, where it has now
// all its slots, or has no longer.
func (s *slots) turn(a *account, was bool) {
	if a.full() == was {
		return
	}
	for _, f := range a.flows {
		l := f.line
		if was {
			l.free += f.waiting
			l.flows.put(f)
		} else {
			l.free -= f.waiting
			l.flows.drop(f)
		}
		s.sort(l.lane) // before the next: it compares lines by their first flows
	}
}

// charge gives the caller one slot more, or takes one back. It may be called with nil.
func (s *slots) charge(a *account, n int) {
	if a != nil {
		was := a.full()
		a.running += n
		s.turn(a, was)
	}
}

// forget closes the account of a caller who has nothing any more.
func (s *slots) forget(a *account) {
	if a != nil && a.running == 0 && a.waiting == 0 && s.accounts[a.name] == a {
		delete(s.accounts, a.name)
		*a = account{flows: a.flows}
		s.spare.account = a
	}
}

// upTo returns how many calls of its caller would be given a slot up to and with this one.
func (s *slots) upTo(t *ticket) (n int) {
	for i := t.class; i < classes; i++ {
		if by := s.classes[i].callers[t.caller]; by != nil {
			n += by.waiting
		}
	}
	return n + 1
}
