package executor

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrShuttingDown is wrapped by the error of a call that came while the engine
// drained, or that was cancelled at the end of that, of kind [KindShuttingDown]; it
// is the cause that such a call's context has.
var ErrShuttingDown = errors.New("the server is shutting down")

// retryElsewhere is the hint to callers that a server has refused because it shuts
// down: by then another one has taken its place, or it has been restarted.
const retryElsewhere = time.Second

// drainGrace is how much longer than the abandon grace Drain waits for the calls that it
// has cancelled: only a policy of the user's that ignores its context takes longer.
const drainGrace = time.Second

// A DrainError says how a drain ended that was not in order.
type DrainError struct {
	// Cancelled is how many calls were cancelled since they had not ended in time.
	Cancelled int
	// Abandoned is how many handlers still run, their callers answered.
	Abandoned int
	// Unanswered is how many calls still hang in a policy that ignores its context.
	Unanswered int
}

// Error gives the numbers.
func (e *DrainError) Error() string {
	return fmt.Sprintf("drain: %d calls cancelled, %d handlers abandoned, %d calls unanswered",
		e.Cancelled, e.Abandoned, e.Unanswered)
}

// Drain refuses new calls from now on, for good, and waits for those that run or
// wait to be answered. When ctx is done before that, it cancels them with
// [ErrShuttingDown] as the cause and waits once more, as long as it takes to abandon
// them. It returns nil where every call ended by itself and no abandoned handler is
// left running, and otherwise a [*DrainError].
//
// It may be called at any time, more than once and at once: each call waits, and
// the first whose ctx is done cancels.
func (e *Engine) Drain(ctx context.Context) error {
	idle := e.ledger.drain()
	select {
	case <-idle:
		return e.drainResult()
	case <-ctx.Done():
	}
	for _, x := range e.ledger.calls() {
		if x.stop(ErrShuttingDown) {
			e.ledger.cancelled()
		}
	}
	timer := time.NewTimer(e.opts.AbandonGrace + drainGrace)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
	}
	return e.drainResult()
}

// Draining reports whether Drain has been called.
func (e *Engine) Draining() bool {
	e.ledger.mu.Lock()
	defer e.ledger.mu.Unlock()
	return e.ledger.draining
}

// drain refuses calls from now on, and returns what is closed when none is
// unanswered.
func (l *ledger) drain() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.draining {
		l.draining, l.idle = true, make(chan struct{})
		if l.unanswered == 0 {
			close(l.idle)
		}
	}
	return l.idle
}

func (l *ledger) cancelled() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drained++
}

func (e *Engine) drainResult() error {
	result := &DrainError{}
	result.Cancelled, result.Unanswered = e.ledger.drainCounts()
	for _, r := range e.InFlight() {
		if r.Abandoned {
			result.Abandoned++
		}
	}
	if *result == (DrainError{}) {
		return nil
	}
	return result
}

func (l *ledger) drainCounts() (cancelled, unanswered int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.drained, l.unanswered
}

// shuttingDown returns the error of a call that the drain has refused or cancelled.
func (x *Execution) shuttingDown() *Error {
	return shuttingDown(x.Call.ID, x.Call.Tool)
}

// ShuttingDown returns the error with which a call of a tool is refused while the engine
// drains, for who refuses one before it comes to the engine.
func ShuttingDown(tool string) *Error { return shuttingDown("", tool) }

func shuttingDown(id, tool string) *Error {
	return &Error{Kind: KindShuttingDown, ID: id, Tool: tool, Err: ErrShuttingDown, RetryAfter: retryElsewhere}
}
