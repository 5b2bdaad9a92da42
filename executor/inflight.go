package executor

import (
	"errors"

	"github.com/sluice-dev/sluice/tools"
)

// ErrNotInFlight says that no call of this id waits or runs, or that its caller has been
// answered.
var ErrNotInFlight = errors.New("no call of this id is in flight")

// ErrStopped is wrapped by the error of a call that [Engine.Stop] has ended, of kind
// [KindCancelled], and by the cause that its context has.
var ErrStopped = errors.New("stopped by whoever runs the server")

// InFlight returns the records, as they stand, of the calls that wait or run, the
// oldest first. One whose Started is zero waits; one that is Abandoned is answered
// and its handler still runs. One that is Finished but not Abandoned was left by its
// caller, and its execution goes on for identical calls.
func (e *Engine) InFlight() []Record {
	calls := e.ledger.calls()
	records := make([]Record, len(calls))
	for i, x := range calls {
		records[i] = x.snapshot()
	}
	return records
}

// CallState says what a call in flight is doing.
type CallState string

// The states of a call in flight: see the picture in the package's documentation.
const (
	// CallWaiting has no slot yet; Activity.WaitsFor says what for, where that is known.
	CallWaiting CallState = "waiting"
	// CallRunning has its slot, or shares the execution of one that has.
	CallRunning CallState = "running"
	// CallAbandoned is answered, and its handler still runs.
	CallAbandoned CallState = "abandoned"
	// CallLeft was left by its caller, and its execution goes on for identical calls.
	CallLeft CallState = "left"
)

// Activity is what a call in flight is doing.
type Activity struct {
	// Record is the call's record as it stands.
	Record
	// State is what it is doing, and WaitsFor, in words, what it waits for where that
	// is a policy of the engine's.
	State    CallState
	WaitsFor string
	// Progress is what its tool has reported last, where the caller asked for progress.
	Progress tools.Progress
}

// Activities returns what the calls in flight are doing, the oldest first.
func (e *Engine) Activities() []Activity {
	calls := e.ledger.calls()
	list := make([]Activity, len(calls))
	for i, x := range calls {
		list[i] = x.activity()
	}
	return list
}

func (x *Execution) activity() Activity {
	a := Activity{Record: x.snapshot(), WaitsFor: x.waitingFor(), Progress: x.gate.last()}
	switch {
	case a.Abandoned:
		a.State = CallAbandoned
	case !a.Finished.IsZero():
		a.State = CallLeft
	case a.Started.IsZero() || a.WaitsFor != "":
		a.State = CallWaiting
	default:
		a.State = CallRunning
	}
	return a
}

// waitingFor says in words what the call, or its flight, waits for.
func (x *Execution) waitingFor() string {
	x.mu.Lock()
	waitsFor, flight := x.waitsFor, x.flight
	x.mu.Unlock()
	if flight != nil {
		return flight.x.waitingFor()
	}
	return waitsFor
}

// last returns what was reported last. It may be called on nil.
func (g *gate) last() tools.Progress {
	if g == nil {
		return tools.Progress{}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.meter.latest
}

// Stop cancels a call in flight, waiting or running, submitted or not, and does not wait
// for its end. The call fails with kind [KindCancelled] and an error that wraps
// [ErrStopped] and why, which may be nil; what why says goes into the record, and not to
// the caller. An execution that other calls share goes on for those. The error is
// [ErrNotInFlight] where there is no such call or it was stopped before.
func (e *Engine) Stop(id string, why error) error {
	cause := ErrStopped
	if why != nil {
		cause = &stopError{why}
	}
	if x := e.ledger.find(id); x != nil && x.stop(cause) {
		return nil
	}
	return ErrNotInFlight
}

// A stopError is the cause of a stop that has a reason.
type stopError struct{ why error }

func (e *stopError) Error() string   { return ErrStopped.Error() + ": " + e.why.Error() }
func (e *stopError) Unwrap() []error { return []error{ErrStopped, e.why} }

// find returns the call of an id, or nil.
func (l *ledger) find(id string) *Execution {
	l.mu.Lock()
	defer l.mu.Unlock()
	for x := l.first; x != nil; x = x.next {
		if x.Call.ID == id {
			return x
		}
	}
	return nil
}
