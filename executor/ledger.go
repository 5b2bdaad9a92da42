package executor

import (
	"context"
	"sync"
)

// ledger knows the calls in flight.
//
// A call is in the list of those in flight from enter until leave, which comes when
// its handler has returned; it is unanswered from enter until answer. So the list is
// as long as there are calls, and needs no bound of its own.
type ledger struct {
	mu         sync.Mutex // guards all below, and prev, next and barriers of the calls
	first      *Execution // in flight, the newest first
	inFlight   int
	unanswered int
	bytes      int64  // of the arguments of those in flight
	space      int64  // how many that may be; 0 is no limit
	refused    uint64 // calls for which there was no space
	shed       uint64 // calls that came when memory was short
	draining   bool
	drained    int           // calls that Drain has cancelled
	idle       chan struct{} // made when draining; closed when unanswered is 0 then
	quiet      chan struct{} // made when somebody waits; closed when inFlight is 0 then
}

// enter puts the call in flight if it may come in. Pressed says that memory is short.
func (l *ledger) enter(x *Execution, pressed bool) admission {
	l.mu.Lock()
	defer l.mu.Unlock()
	bytes := x.argumentBytes()
	if why := l.admit(bytes, pressed); why != admitted {
		return why
	}
	if x.next = l.first; x.next != nil {
		x.next.prev = x
	}
	l.first = x
	l.inFlight++
	l.unanswered++
	l.bytes += bytes
	return admitted
}

// resize changes how many bytes may be in flight. Those that are stay.
func (l *ledger) resize(space int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.space = space
}

// close does what leave and answer do, so that a drain that ends finds nothing in flight.
func (l *ledger) close(x *Execution) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remove(x)
	l.settle()
}

// answer takes note that the caller of a call is about to be answered.
func (l *ledger) answer() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle()
}

func (l *ledger) settle() {
	l.unanswered--
	if l.unanswered == 0 && l.draining {
		close(l.idle)
	}
}

// leave takes out a call whose handler has returned.
func (l *ledger) leave(x *Execution) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remove(x)
}

func (l *ledger) remove(x *Execution) {
	if x.prev != nil {
		x.prev.next = x.next
	} else {
		l.first = x.next
	}
	if x.next != nil {
		x.next.prev = x.prev
	}
	x.prev, x.next = nil, nil
	l.inFlight--
	l.bytes -= x.argumentBytes()
	if l.inFlight == 0 && l.quiet != nil {
		close(l.quiet)
		l.quiet = nil
	}
	for _, b := range x.barriers {
		if b.left--; b.left == 0 {
			close(b.passed)
		}
	}
	x.barriers = nil
}

// A barrier waits for some calls.
type barrier struct {
	left   int           // belongs to the ledger, under its lock
	passed chan struct{} // closed when left is 0
}

// barrier returns one that waits for the calls in flight.
func (l *ledger) barrier() *barrier {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := &barrier{l.inFlight, make(chan struct{})}
	for x := l.first; x != nil; x = x.next {
		x.barriers = append(x.barriers, b)
	}
	if b.left == 0 {
		close(b.passed)
	}
	return b
}

// Barrier waits until the calls that are in flight now have ended and their handlers have
// returned, however many come meanwhile. Where ctx is done first it returns the cause. It
// is for who has taken a tool out of the registry and wants to end what that needs: calls
// that wait or run still do.
func (e *Engine) Barrier(ctx context.Context) error {
	select {
	case <-e.ledger.barrier().passed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// untilQuiet returns what is closed when no call is in flight; nil where none is now.
func (l *ledger) untilQuiet() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inFlight == 0 {
		return nil
	}
	if l.quiet == nil {
		l.quiet = make(chan struct{})
	}
	return l.quiet
}

// Quiet waits until no handler runs and no call waits, those included whose callers were
// answered. Where ctx is done first it returns the cause. It is for a process that ends
// after a Drain and wants its programs to end before it.
func (e *Engine) Quiet(ctx context.Context) error {
	quiet := e.ledger.untilQuiet()
	if quiet == nil {
		return nil
	}
	select {
	case <-quiet:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// calls returns the calls in flight, the oldest first.
func (l *ledger) calls() []*Execution {
	l.mu.Lock()
	defer l.mu.Unlock()
	calls := make([]*Execution, l.inFlight)
	for i, x := l.inFlight-1, l.first; x != nil; i, x = i-1, x.next {
		calls[i] = x
	}
	return calls
}
