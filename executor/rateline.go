package executor

import (
	"container/list"
	"time"
)

// A rateFlow is the calls that wait for tokens of the same buckets, in order of arrival.
type rateFlow struct {
	levels  levels
	waiters list.List // of *rateWaiter

	at    *bucket // where it is parked: the one that will have a token last
	index int     // in at.parked
}

// A rateWaiter is a call that waits for its tokens.
type rateWaiter struct {
	flow    *rateFlow
	element *list.Element // nil once it has its tokens, or has left
	arrival uint64
	granted chan struct{} // closed when it has its tokens
	tokens  *tokens
}

func (f *rateFlow) place() *int       { return &f.index }
func (f *rateFlow) head() *rateWaiter { return f.waiters.Front().Value.(*rateWaiter) }
func (f *rateFlow) rank() rank        { return rank{then: f.head().arrival} }

// ahead returns how many take a token of b for certain before one that comes to f, which
// may be nil.
func (f *rateFlow) ahead(b *bucket) int {
	n := len(b.parked)
	if f != nil {
		n += f.waiters.Len()
		if f.at == b {
			n--
		}
	}
	return n
}

// rateLine is who waits for tokens. Nobody takes a token for a time to come: the first call
// of each flow is parked at the bucket that keeps it longest, and is looked at again
// when that has a token. Then these hold whenever dispatch has been called:
//
//   - nobody waits for whom there is a token in every bucket;
//   - within a flow, calls go in the order of arrival; among flows that wait for the
//     same bucket, the one goes whose first call has waited longest;
//   - a flow that waits for one bucket takes nothing of the others, so it holds up
//     nobody who does not need that one;
//   - who leaves has taken nothing, so those behind move up.
//
// A token given out costs O(log flows), however many wait.
type rateLine struct {
	flows    map[levels]*rateFlow
	ready    pile[*bucket] // those where flows are parked, by when they have a token
	waiting  int
	arrivals uint64
}

// estimate returns how long a call would wait at least, and the level that it would
// wait longest at. It is longer where those before it need other tokens as well.
func (l *rateLine) estimate(levels *levels, now time.Duration) (wait time.Duration, level int) {
	wait, level = levels.wait(now)
	f := l.flows[*levels]
	for i, b := range levels {
		if b == nil {
			continue
		}
		if w := b.wait(now) + time.Duration(f.ahead(b))*b.every; w > wait {
			wait, level = w, i
		}
	}
	return wait, level
}

// join puts a call at the end of its flow.
func (l *rateLine) join(wanted *tokens, now time.Duration) *rateWaiter {
	l.arrivals++
	l.waiting++
	w := &rateWaiter{arrival: l.arrivals, granted: make(chan struct{}), tokens: wanted}
	f := l.flows[wanted.levels]
	if f == nil {
		f = &rateFlow{levels: wanted.levels}
		f.levels.pin(1)
		l.flows[f.levels] = f
	}
	w.flow, w.element = f, f.waiters.PushBack(w)
	if f.at == nil {
		l.park(f, now)
	}
	return w
}

// leave takes out a call that waits no longer. It reports whether it still did: where
// it did not, it has its tokens.
func (l *rateLine) leave(w *rateWaiter) bool {
	if w.element == nil {
		return false
	}
	l.remove(w)
	if f := w.flow; f.waiters.Len() == 0 {
		l.unpark(f)
		l.forget(f)
	} else {
		f.at.parked.put(f)
	}
	return true
}

// dispatch gives tokens to those for whom there are any.
func (l *rateLine) dispatch(now time.Duration) {
	for len(l.ready) > 0 && l.ready[0].of.due <= now {
		f := l.ready[0].of.parked[0].of
		l.unpark(f)
		if wait, _ := f.levels.wait(now); wait <= 0 {
			l.grant(f, now)
		}
		if f.waiters.Len() == 0 {
			l.forget(f)
		} else {
			l.park(f, now)
		}
	}
}

// grant gives the first of the flow its tokens.
func (l *rateLine) grant(f *rateFlow, now time.Duration) {
	w := f.head()
	l.remove(w)
	w.tokens.take(now)
	close(w.granted)
}

// givenBack puts buckets into their places after tokens came back. Those that were taken
// need no such care: a bucket that is looked at too early finds its place then.
func (l *rateLine) givenBack(levels *levels) {
	for _, b := range levels {
		if b != nil {
			l.sort(b)
		}
	}
}

// sort puts one bucket into its place, or out of the heap where nobody waits for it.
func (l *rateLine) sort(b *bucket) {
	if b.due = b.wait(0); len(b.parked) > 0 {
		l.ready.put(b)
	} else {
		l.ready.drop(b)
	}
}

func (l *rateLine) park(f *rateFlow, now time.Duration) {
	_, level := f.levels.wait(now)
	f.at = f.levels[level]
	f.at.parked.put(f)
	l.sort(f.at)
}

func (l *rateLine) unpark(f *rateFlow) {
	f.at.parked.drop(f)
	l.sort(f.at)
	f.at = nil
}

func (l *rateLine) remove(w *rateWaiter) {
	w.flow.waiters.Remove(w.element)
	w.element = nil
	l.waiting--
}

func (l *rateLine) forget(f *rateFlow) {
	delete(l.flows, f.levels)
	f.levels.pin(-1)
}
