package executor

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// ErrQueueFull is wrapped by the error of a call that found no free slot and no
// place to wait for one, of kind [KindOverloaded]. RetryAfter is an estimate of when
// there will be.
var ErrQueueFull = errors.New("the queue is full")

// Bounds of the estimate, and what stands for it before any call has ended.
const (
	minRetry     = 10 * time.Millisecond
	maxRetry     = 30 * time.Second
	unknownRetry = time.Second
)

// queue lets only so many calls run at once, over all and of each tool; others wait,
// in order. A slot that comes free is handed over under the lock to the call that is
// next: nobody polls, nobody is woken in vain, nobody can overtake.
type queue struct {
	giveBackFunc func(*Execution) // giveBack, bound once and not for each call

	mu    sync.Mutex // guards all below
	slots slots
}

func newQueue(capacity, room int) *queue {
	q := &queue{slots: slots{capacity: capacity, room: room}}
	q.giveBackFunc = q.giveBack
	return q
}

// update is the only way to the slots. change must not block.
func (q *queue) update(change func(*slots)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	change(&q.slots)
	q.slots.dispatch()
}

func (q *queue) policy(next Handler) Handler {
	return func(ctx context.Context, x *Execution) (*tools.Result, error) {
		if err := q.take(ctx, x); err != nil {
			return nil, err
		}
		defer x.AfterReturn(q.giveBackFunc)
		return next(ctx, x)
	}
}

// take returns when the call has its slot; where it returns an error it has none and
// waits for none.
func (q *queue) take(ctx context.Context, x *Execution) error {
	if ctx.Err() != nil {
		return x.ended(ctx)
	}
	t := &x.ticket
	t.lane = &x.tool.lane
	var state ticketState
	var retry time.Duration
	var full bool
	q.update(func(s *slots) {
		s.limit(t.lane, max(x.Entry.Limits.Concurrency, 0))
		full = t.lane.full()
		if state = s.admit(t); state == ticketOut {
			retry = s.wait(t.lane)
		}
	})
	if state == ticketOut {
		return x.overloaded(retry)
	}
	if state == ticketWaiting {
		x.waitFor("a slot")
		came := x.age()
		err := q.wait(ctx, x, t)
		x.noteWait(full, x.age()-came)
		if err != nil {
			return err
		}
	}
	t.since = x.age()
	x.note(func(r *Record) { r.Started = x.born.Add(t.since) })
	return nil
}

// wait waits for a slot, and gives back the place, or the slot that came too late,
// where the context is done first.
func (q *queue) wait(ctx context.Context, x *Execution, t *ticket) error {
	ctx, cancel := context.WithCancelCause(ctx)
	held := x.hold(cancel)
	defer x.release(held, cancel)
	select {
	case <-t.granted:
		return nil
	case <-ctx.Done():
	}
	q.update(func(s *slots) { s.leave(t) })
	return x.ended(ctx)
}

// noteWait notes how long the call waited: for a slot of its tool where all of these
// were taken when it came, else for one of the server.
func (x *Execution) noteWait(forTool bool, waited time.Duration) {
	x.waitFor("")
	x.note(func(r *Record) {
		if forTool {
			r.Waits.Tool += waited
		} else {
			r.Waits.Server += waited
		}
	})
}

func (q *queue) giveBack(x *Execution) {
	held := x.age() - x.ticket.since
	q.update(func(s *slots) {
		s.served(&x.tool.lane, held)
		s.release(&x.tool.lane)
	})
}

func (x *Execution) overloaded(retry time.Duration) *Error {
	err := x.fail(KindOverloaded, ErrQueueFull)
	err.RetryAfter = min(max(retry, minRetry), maxRetry)
	if retry == 0 {
		err.RetryAfter = unknownRetry
	}
	return err
}
