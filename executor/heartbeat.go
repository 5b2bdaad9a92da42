package executor

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// heartbeats tell callers who asked for progress that a silent call is still there,
// for clients that give up on a call when they have heard nothing for a while. A beat
// passes the gate like a report, and so keeps to its rules, but is no sign of life of
// the tool: it leaves the idle timeout alone.
//
// All calls share one timer, which looks through the ledger. As they share the
// interval too, a call that comes is due after the timer fires, so it needs no place
// of its own in any order: it costs a look at armed, and one that asked for no
// progress nothing. The timer stops when no call needs it.
type heartbeats struct {
	every atomic.Int64 // nanoseconds; 0 is never
	calls func() []*Execution

	armed atomic.Bool
	mu    sync.Mutex // guards timer, and armed while that is set
	timer *time.Timer
}

// expect sees to it that the timer runs. The call is in the ledger and its gate open.
func (h *heartbeats) expect() {
	if h.every.Load() == 0 || h.armed.Load() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.armed.Load() {
		h.set(time.Duration(h.every.Load()))
	}
}

// adjust changes the interval, and has the calls in flight keep to it.
func (h *heartbeats) adjust(every time.Duration) {
	if h.every.Swap(int64(every)) == int64(every) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set(0)
}

func (h *heartbeats) set(after time.Duration) {
	h.armed.Store(true)
	if h.timer == nil {
		h.timer = time.AfterFunc(after, h.sweep)
	} else {
		h.timer.Reset(after)
	}
}

// sweep has each silent call beat, and comes back when the next is due.
func (h *heartbeats) sweep() {
	h.armed.Store(false) // before it looks: whoever comes meanwhile sets the timer
	every, next := time.Duration(h.every.Load()), time.Duration(0)
	if every == 0 {
		return
	}
	for _, x := range h.calls() {
		if x.Request.OnProgress == nil {
			continue
		}
		if left := x.gate.beat(every); left > 0 && (next == 0 || left < next) {
			next = left
		}
	}
	if next > 0 {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.set(next)
	}
}

// beat tells the caller that the call goes on, where it has heard nothing for so long
// or will have shortly: a sixteenth early is early enough to share a sweep with
// others. It returns when to look again; 0 is never.
func (g *gate) beat(every time.Duration) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.listening() {
		return 0
	}
	now := g.x.age()
	if silent := now - g.sent; silent < every-every/16 {
		return every - silent
	}
	g.sent = now
	if g.pace.wait(now, progressBurst, progressEvery) <= 0 {
		g.pace.spend(now, progressEvery)
		g.guarded(func() { g.x.Request.OnProgress(g.meter.beat(g.x.pulse())) })
	}
	return every
}

// waitFor notes what the call waits for from now on, for traces, and in which words heartbeats
// say so; both are empty where it goes on. A tool whose calls have to wait is not quick, and
// a call that waits keeps long arguments as text only.
func (x *Execution) waitFor(what, inWords string) {
	if what == "" {
		x.unshelve()
	} else if !x.stuck() { // a handler that was abandoned may read them
		x.shelve()
	}
	x.tool.quick.end()
	x.waits.note(what, x.born().Add(x.age()))
	x.mu.Lock()
	defer x.mu.Unlock()
	x.waitsFor = inWords
}

// pulse says what the call is doing and for how long.
func (x *Execution) pulse() string {
	x.mu.Lock()
	started, waitsFor, flight := x.record.Started, x.waitsFor, x.flight
	x.mu.Unlock()
	if flight != nil {
		return flight.x.pulse()
	}
	switch {
	case waitsFor != "":
		return fmt.Sprintf("waiting for %s, %v", waitsFor, x.age().Round(time.Second))
	case started.IsZero():
		return fmt.Sprintf("still waiting, %v", x.age().Round(time.Second))
	}
	return fmt.Sprintf("still running, %v", time.Since(started).Round(time.Second))
}
