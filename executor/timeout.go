package executor

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// The causes of a context that the engine has cancelled for its time; each is wrapped
// by the error of such a call, of kind [KindTimeout].
var (
	ErrTimeout     = errors.New("the call ran longer than its timeout")
	ErrIdleTimeout = errors.New("the call showed no progress within its idle timeout")
)

// timeout cancels a call that runs for longer than its timeout, whatever it does, or for
// longer than its idle timeout without a report of progress. 0 stands for no such limit,
// and a tool's own go before those of the engine. The clock starts here, that is when the
// call has its slot.
func timeout(alarms *alarms) Policy {
	return func(next Handler) Handler {
		return func(ctx context.Context, x *Execution) (*tools.Result, error) {
			c := x.newContext(ctx)
			held := x.hold(c)
			defer x.release(held, c)
			own := &x.Entry.Limits
			x.clock.start(x, c, x.began(), orTool(own.Timeout, x.bounds.timeout), orTool(own.IdleTimeout, x.bounds.idle))
			rest := next
			if own.Adaptive != nil {
				rest = x.adapt(next)
			}
			alarms.add(&x.clock)
			defer alarms.remove(&x.clock)
			return rest(c, x)
		}
	}
}

// began returns when the call was given its slot, after it came.
func (x *Execution) began() time.Duration {
	if x.ticket.state == ticketRunning {
		return time.Duration(x.slotted.Load())
	}
	return x.age() // of a chain without a queue
}

// orTool returns the tool's own limit where it has one; a negative one is none.
func orTool[T ~int | ~int64](own, engine T) T {
	if own == 0 {
		return engine
	}
	return max(own, 0)
}

// unlimited is as good as no limit, and leaves room for sums.
const unlimited = time.Duration(math.MaxInt64 / 4)

// A stopwatch knows when one call has run too long. A report of progress does not
// touch it but only leaves its time in x.heard, which the stopwatch reads when the
// idle time would be over: so a report costs next to nothing.
type stopwatch struct {
	x           *Execution
	call        canceller
	started     time.Duration // after the call came
	limit, idle time.Duration // 0 is none
	over        error         // the cause at the limit

	due   time.Duration // when to look again, after alarms.epoch; belongs to them, as does
	index int           // the place in their heap, plus 1; 0 is not in it
}

func (s *stopwatch) start(x *Execution, call canceller, started, limit, idle time.Duration) {
	s.x, s.call, s.over = x, call, ErrTimeout
	s.limit, s.idle = min(limit, unlimited), min(idle, unlimited)
	s.started = started
	x.heard.Store(int64(s.started))
}

// end returns when the nearer of the limits is reached, after the call came, as far as is
// known now, and which it is; nil where there is none.
func (s *stopwatch) end() (end time.Duration, cause error) {
	if s.limit > 0 {
		end, cause = s.started+s.limit, s.over
	}
	if s.idle > 0 {
		idle := time.Duration(s.x.heard.Load()) + s.idle
		if cause == nil || idle < end {
			end, cause = idle, ErrIdleTimeout
		}
	}
	return end, cause
}
