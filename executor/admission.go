package executor

import (
	"errors"
	"fmt"
	"time"
)

// What stops a call at the door, before anything is known of its tool.
var (
	// ErrInFlightBytes means that the arguments of the calls in flight take as many bytes
	// as they may: see [Options].InFlightBytes. Its kind is [KindOverloaded].
	ErrInFlightBytes = errors.New("too many bytes are in flight")
	// ErrMemoryPressure means that the process has hardly any memory left: see
	// [Options].Pressure. Its kind is [KindMemoryPressure].
	ErrMemoryPressure = errors.New("the memory is nearly used up")
)

// pressureRetry is the hint to callers that were refused for want of memory: what takes
// it is calls that run, and the garbage of those that ran.
const pressureRetry = 5 * time.Second

// An admission says whether a call may come in.
type admission int

const (
	admitted admission = iota
	refusedDraining
	refusedPressure
	refusedFlightBytes
)

// admit decides on a call of which so many bytes of arguments are in memory. One that is
// alone is let in whatever its size, or it never could be. The caller holds l.mu.
func (l *ledger) admit(bytes int64, pressed bool) admission {
	switch {
	case l.draining:
		return refusedDraining
	case pressed:
		l.shed++
		return refusedPressure
	case l.space > 0 && l.bytes+bytes > l.space && l.inFlight > 0:
		l.refused++
		return refusedFlightBytes
	}
	return admitted
}

// notAdmitted returns the error of a call that was not let in.
func (x *Execution) notAdmitted(why admission) *Error {
	var err *Error
	switch why {
	case refusedPressure:
		err = x.fail(KindMemoryPressure, ErrMemoryPressure)
		err.RetryAfter = pressureRetry
	case refusedFlightBytes:
		err = x.fail(KindOverloaded, fmt.Errorf("%w: %d of this call are too many", ErrInFlightBytes, x.argumentBytes()))
		err.RetryAfter = unknownRetry
	default:
		err = x.shuttingDown()
	}
	return err
}

// InFlightState is what the calls in flight take, and how many were not let in for that.
type InFlightState struct {
	// Calls is how many are in flight: they wait, run or were abandoned.
	Calls int
	// Bytes is the size of their arguments, and Room how much that may be: see
	// [Options].InFlightBytes. Room is 0 where there is no limit.
	Bytes, Room int64
	// RefusedBytes is how many calls were refused for want of that room, and
	// RefusedPressure how many because [Options].Pressure said so.
	RefusedBytes, RefusedPressure uint64
}

func (l *ledger) state() InFlightState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return InFlightState{
		Calls: l.inFlight, Bytes: l.bytes, Room: l.space,
		RefusedBytes: l.refused, RefusedPressure: l.shed,
	}
}
