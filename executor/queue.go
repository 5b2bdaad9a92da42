package executor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// What the queue refuses is of kind [KindOverloaded] and wraps one of these; RetryAfter
// is an estimate of when the call would not be refused.
var (
	// ErrQueueFull means that there was no free slot and no place to wait for one: too
	// many calls wait, or too many bytes of arguments; or that the call had a place, and
	// had to yield it to a call of a higher class or of a caller with fewer that wait.
	ErrQueueFull = errors.New("the queue is full")
	// ErrQueueDeadline means that the call was not let wait, since it would probably
	// have waited for longer than its deadline or the queue's own timeout allows.
	ErrQueueDeadline = errors.New("the wait would be longer than the call allows")
	// ErrQueueTimeout means that the call has waited for as long as it may.
	ErrQueueTimeout = errors.New("the call waited longer than its queue timeout")

	errQueueBytes = fmt.Errorf("%w: too many bytes wait", ErrQueueFull)
	errShare      = fmt.Errorf("%w: too many calls of this caller wait", ErrQueueFull)
	errYielded    = fmt.Errorf("%w: the call's place went to one that goes before it", ErrQueueFull)
)

var refusalErrors = [refusals]error{
	refusedFull: ErrQueueFull, refusedBytes: errQueueBytes,
	refusedDeadline: ErrQueueDeadline, refusedTimeout: ErrQueueTimeout, refusedShare: errShare,
}

// Bounds of the estimate, and what stands for it before any call has ended.
const (
	minRetry     = 10 * time.Millisecond
	maxRetry     = 30 * time.Second
	unknownRetry = time.Second
)

// queue lets only so many calls run at once, over all and of each tool; others wait. A
// slot that comes free is handed over under the lock to the call that is next: nobody
// polls, nobody is woken in vain, nobody can overtake. Who is next stands with [slots].
type queue struct {
	bounded      bool // callers are: see Options.Allowance
	alarms       *alarms
	giveBackFunc func(*Execution) // giveBack, bound once and not for each call

	mu    sync.Mutex // guards all below
	slots slots
}

func newQueue(alarms *alarms) *queue {
	q := &queue{alarms: alarms}
	q.giveBackFunc = q.giveBack
	return q
}

// resize changes how many slots there are, and how many calls and bytes of arguments may
// wait for one; with 0 bytes any. Calls that run or wait stay: where there are now too
// many, none is added until enough have left. What Options.Allowance says of each caller
// holds for those that wait too.
func (e *Engine) resize(concurrency, room int, space int64) {
	e.queue.update(func(s *slots) {
		s.capacity, s.room, s.space = concurrency, room, space
		for name, a := range s.accounts {
			allowance := e.opts.Allowance(name)
			s.bound(a, &allowance)
		}
	})
}

// retool takes over how many slots tools have that were registered anew. The next call of
// such a tool would do so too, but those that wait shall not have to wait for that.
func (e *Engine) retool() {
	registered := e.opts.Registry.Snapshot()
	states, _ := e.stats.all()
	for _, state := range states {
		if entry, ok := registered.Lookup(state.name); ok {
			e.queue.update(func(s *slots) { s.limit(&state.lane, max(entry.Limits.Concurrency, 0)) })
		}
	}
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
	t, limit := &x.ticket, orTool(x.Entry.Limits.QueueTimeout, x.bounds.queueTimeout)
	t.fill(x)
	var waits, full bool
	var refused error
	q.update(func(s *slots) {
		s.limit(t.lane, max(x.Entry.Limits.Concurrency, 0))
		if q.bounded {
			t.account = s.account(t.caller, &x.allowance)
		}
		full = t.lane.full()
		x.crowded.Store(t.account.full())
		if waits = !s.take(t); waits {
			refused = x.enter(s, x.patience(ctx, limit))
		}
		if refused != nil {
			s.forget(t.account)
		}
	})
	if refused != nil {
		return refused
	}
	if waits {
		x.waitFor(WaitQueue, x.slotInWords())
		came := x.age()
		err := q.wait(ctx, x, limit)
		x.waitFor("", "")
		x.noteWait(full, x.age()-came)
		if err != nil {
			return err
		}
	}
	since := x.age()
	x.slotted.Store(int64(since))
	x.note(func(r *Record) { r.Started = x.born().Add(since) })
	return nil
}

// patience returns how long a call may wait: until the limit, where it is not 0, and its
// deadline.
func (x *Execution) patience(ctx context.Context, limit time.Duration) time.Duration {
	left := time.Duration(math.MaxInt64)
	if limit > 0 {
		left = limit
	}
	if end, ok := x.deadline(ctx); ok {
		left = min(left, time.Until(end))
	}
	return left
}

// enter lets the call wait that may wait so long, or returns why not.
func (x *Execution) enter(s *slots, left time.Duration) error {
	why := s.enter(&x.ticket, left)
	switch why {
	case refusedNot:
		return nil
	case refusedDeadline:
		return x.overloaded(why, s.expect(&x.ticket)-left)
	}
	return x.overloaded(why, s.expect(&x.ticket))
}

// wait waits for a slot, and gives back the place, or the slot that came too late,
// where the context is done, the call is stopped or the limit is over first.
func (q *queue) wait(ctx context.Context, x *Execution, limit time.Duration) error {
	t, stop := &x.ticket, cancelFunc(func(cause error) { q.stop(x, cause) })
	held := x.hold(stop)
	defer x.release(held, cancelFunc(func(error) {}))
	if limit > 0 {
		x.clock.start(x, stop, x.age(), limit, 0)
		x.clock.over = ErrQueueTimeout
		q.alarms.add(&x.clock)
		defer q.alarms.remove(&x.clock)
	}
	select {
	case <-t.granted:
		if t.pushed != refusedNot {
			yielded := x.overloaded(t.pushed, t.retry)
			yielded.Err = errYielded
			return yielded
		}
		return t.stopped
	case <-ctx.Done():
		q.update(func(s *slots) {
			s.leave(t)
			s.forget(t.account)
		})
		return x.ended(ctx)
	}
}

// stop ends the wait of a call that has no slot yet. It takes the place of a context
// and a timer for each call that waits.
func (q *queue) stop(x *Execution, cause error) {
	q.update(func(s *slots) {
		t := &x.ticket
		if t.state != ticketWaiting {
			return
		}
		s.leave(t)
		if errors.Is(cause, ErrQueueTimeout) {
			s.refused[refusedTimeout]++
			t.stopped = x.overloaded(refusedTimeout, s.expect(t))
		} else {
			t.stopped = x.endedBy(context.Canceled, cause)
		}
		s.forget(t.account)
		close(t.granted)
	})
}

// slotInWords says what the call waits for.
func (x *Execution) slotInWords() string {
	if x.crowded.Load() {
		return "a slot of its caller"
	}
	return "a slot"
}

// noteWait notes how long the call waited: for a slot of its tool where all of these
// were taken when it came, else for one of the server.
func (x *Execution) noteWait(forTool bool, waited time.Duration) {
	x.note(func(r *Record) {
		if forTool {
			r.Waits.Tool += waited
		} else {
			r.Waits.Server += waited
		}
	})
}

func (q *queue) giveBack(x *Execution) {
	held := x.end() - time.Duration(x.slotted.Load())
	x.tool.quick.took(held)
	q.update(func(s *slots) {
		s.served(&x.tool.lane, held)
		s.release(&x.tool.lane, x.ticket.account)
		s.forget(x.ticket.account)
	})
}

func (x *Execution) overloaded(why refusal, retry time.Duration) *Error {
	err := x.fail(KindOverloaded, refusalErrors[why])
	err.RetryAfter = min(max(retry, minRetry), maxRetry)
	if retry == 0 {
		err.RetryAfter = unknownRetry
	}
	return err
}
