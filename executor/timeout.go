package executor

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// The causes of a context that the engine has cancelled for its time; each is wrapped
// by the error of such a call, of kind [KindTimeout].
var (
	ErrTimeout     = errors.New("the call ran longer than its timeout")
	ErrIdleTimeout = errors.New("the call showed no progress within its idle timeout")
)

// timeout cancels a call that runs for longer than limit, whatever it does, or for
// longer than idle without a report of progress. 0 stands for no such limit, and a
// tool's own limits go before these. The clock starts here, that is when the call
// has its slot.
func timeout(limit, idle time.Duration) Policy {
	return func(next Handler) Handler {
		return func(ctx context.Context, x *Execution) (*tools.Result, error) {
			ctx, cancel := context.WithCancelCause(ctx)
			held := x.hold(cancel)
			defer x.release(held, cancel)
			own := x.Entry.Limits
			x.clock.start(x, cancel, orTool(own.Timeout, limit), orTool(own.IdleTimeout, idle))
			defer x.clock.stop()
			return next(ctx, x)
		}
	}
}

// orTool returns the tool's own limit where it has one; a negative one is none.
func orTool(own, engine time.Duration) time.Duration {
	if own == 0 {
		return engine
	}
	return max(own, 0)
}

// A stopwatch cancels when a limit is reached. A report of progress does not touch
// it but only leaves its time in x.heard: the timer looks there when it fires and
// sets itself again, so that a report costs next to nothing.
type stopwatch struct {
	mu          sync.Mutex // guards all below
	timer       *time.Timer
	running     bool
	cancel      context.CancelCauseFunc
	x           *Execution
	started     time.Duration // as all times here, since x.born
	limit, idle time.Duration // 0 is none
}

func (s *stopwatch) start(x *Execution, cancel context.CancelCauseFunc, limit, idle time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.x, s.cancel, s.limit, s.idle = x, cancel, limit, idle
	s.started = time.Since(x.born)
	x.heard.Store(int64(s.started))
	left, _ := s.left(s.started)
	s.running = left > 0
	if s.running {
		s.timer = time.AfterFunc(left, s.fire)
	}
}

func (s *stopwatch) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		s.running = false
		s.timer.Stop()
	}
}

func (s *stopwatch) fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running {
		return
	}
	left, cause := s.left(time.Since(s.x.born))
	if left > 0 {
		s.timer.Reset(left)
		return
	}
	s.running = false
	s.cancel(cause)
}

// left returns how long it is to the nearer of the limits, and which that is; 0 and
// nil where there is none.
func (s *stopwatch) left(now time.Duration) (left time.Duration, cause error) {
	if s.limit > 0 {
		left, cause = s.started+s.limit-now, ErrTimeout
	}
	if s.idle > 0 {
		idle := time.Duration(s.x.heard.Load()) + s.idle - now
		if cause == nil || idle < left {
			left, cause = idle, ErrIdleTimeout
		}
	}
	return left, cause
}
