package executor

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// ErrRateLimited is wrapped by the error of a call that came faster than the rate
// limits allow, of kind [KindRateLimited]. RetryAfter is when there will be a token,
// unless others take it first.
var ErrRateLimited = errors.New("rate limited")

// maxBuckets bounds what the rate limits keep: the buckets of callers and of callers with
// a tool together. They are more than calls wait.
const maxBuckets = 4 * maxAside

// rates hold calls to the rate limits: of the server, of each tool, of each caller, and
// of each caller with each tool. A call that no handler was started for in the end, for
// whatever reason, gives its tokens back.
//
// There is one lock for all buckets, since a call takes from all or from none.
type rates struct {
	bounds *inForce
	aside  *room     // where calls wait
	epoch  time.Time // all times here are counted from

	mu      sync.Mutex // guards all below, and the buckets in the states of the tools
	whole   bucket
	callers bucketTable
	line    rateLine
	spare   []*tokens
	timer   *time.Timer   // nil until a call first had to wait
	next    time.Duration // when the timer fires; 0 when it is not set
}

func newRates(bounds *inForce, aside *room) *rates {
	return &rates{
		bounds: bounds, aside: aside, epoch: time.Now(),
		callers: newBucketTable(maxBuckets), line: rateLine{flows: map[levels]*rateFlow{}},
	}
}

func (r *rates) policy(next Handler) Handler {
	return func(ctx context.Context, x *Execution) (*tools.Result, error) {
		if !r.limit(x) {
			return next(ctx, x)
		}
		took, err := r.take(ctx, x)
		if err != nil {
			return nil, err
		}
		before := x.handlers()
		defer func() { r.settle(took, x.handlers() > before) }()
		return next(ctx, x)
	}
}

// limit reports whether there is any limit on the call.
func (r *rates) limit(x *Execution) bool {
	own := &x.Entry.Limits
	return r.bounds.Load().rate.Count > 0 || own.Rate.Count > 0 || own.CallerRate.Count > 0 || r.callerRate(x).Count > 0
}

func (r *rates) callerRate(x *Execution) *tools.Rate {
	if x.allowance.Rate.Count != 0 {
		return &x.allowance.Rate
	}
	return &r.bounds.Load().callerRate
}

// take returns when the call has its tokens; where it returns an error it has none.
func (r *rates) take(ctx context.Context, x *Execution) (*tokens, error) {
	if ctx.Err() != nil {
		return nil, x.ended(ctx)
	}
	wanted, w, refused := r.ask(ctx, x)
	switch {
	case refused != nil:
		return nil, refused
	case w != nil:
		return r.await(ctx, x, w)
	}
	return wanted, nil
}

// ask takes the tokens, or gives the call a place to wait, or refuses it.
func (r *rates) ask(ctx context.Context, x *Execution) (*tokens, *rateWaiter, *Error) {
	now := time.Since(r.epoch)
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.levels(x, now)
	if r.line.waiting > 0 {
		r.dispatch(now) // the timer may be late
	}
	if wait, _ := l.wait(now); wait > 0 {
		w, refused := r.queue(ctx, x, &l, now)
		return nil, w, refused
	}
	wanted := r.tokens(&l)
	wanted.take(now)
	return wanted, nil, nil
}

// queue gives the call a place to wait, unless it would wait in vain. The caller holds
// r.mu.
func (r *rates) queue(ctx context.Context, x *Execution, l *levels, now time.Duration) (*rateWaiter, *Error) {
	wait, level := r.line.estimate(l, now)
	if wait > x.bounds.rateWait {
		return nil, x.rateLimited(l[level].rate, level, wait)
	}
	if deadline, ok := x.deadline(ctx); ok && wait > time.Until(deadline) {
		refused := x.rateLimited(l[level].rate, level, wait)
		refused.Err.(*rateError).hurried = true
		return nil, refused
	}
	if r.aside.enter(x) != refusedNot {
		return nil, x.rateLimited(l[level].rate, level, wait)
	}
	w := r.line.join(r.tokens(l), now)
	r.arm(now)
	return w, nil
}

// await waits for the tokens, and gives up the place, or the tokens that came too late,
// where the context is done or the patience is over first.
func (r *rates) await(ctx context.Context, x *Execution, w *rateWaiter) (*tokens, error) {
	defer r.aside.leave(x)
	ctx, cancel := context.WithCancelCause(ctx)
	held := x.hold(cancelFunc(cancel))
	defer x.release(held, cancelFunc(cancel))
	came := x.age()
	defer func() { x.note(func(record *Record) { record.Waits.Rate += x.age() - came }) }()
	x.waitFor(WaitRate, "a rate limit")
	defer x.waitFor("", "")
	timer := time.NewTimer(x.bounds.rateWait)
	defer timer.Stop()
	select {
	case <-w.granted:
		return w.tokens, nil
	case <-ctx.Done():
	case <-timer.C:
	}
	if refused := r.giveUp(ctx, x, w); refused != nil {
		return nil, refused
	}
	return w.tokens, nil
}

// giveUp takes a call out of the line. It returns no error where the call has its tokens
// and still has use for them.
func (r *rates) giveUp(ctx context.Context, x *Execution, w *rateWaiter) *Error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Since(r.epoch)
	l := &w.tokens.levels
	r.line.dispatch(now) // it may be due this very moment
	waited := r.line.leave(w)
	r.arm(now)
	switch {
	case ctx.Err() != nil && waited:
		return x.ended(ctx)
	case ctx.Err() != nil:
		r.giveBack(w.tokens, now)
		return x.ended(ctx)
	case waited:
		wait, level := r.line.estimate(l, now)
		return x.rateLimited(l[level].rate, level, wait)
	}
	return nil
}

// settle ends a call that has its tokens: they are spent, or it gives them back.
func (r *rates) settle(took *tokens, spent bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if spent {
		took.spent()
	} else {
		r.giveBack(took, time.Since(r.epoch))
	}
	r.spare = append(r.spare, took)
}

// charge has a call whose arguments are invalid cost its caller a token, but neither
// the server nor the tool, which never see it. It returns an error where the caller has
// none left.
func (r *rates) charge(x *Execution) *Error {
	if r.callerRate(x).Count <= 0 && x.Entry.Limits.CallerRate.Count <= 0 {
		return nil
	}
	now := time.Since(r.epoch)
	r.mu.Lock()
	defer r.mu.Unlock()
	var own levels
	r.callerLevels(&own, x, now)
	if wait, level := own.wait(now); wait > 0 {
		return x.rateLimited(own[level].rate, level, wait)
	}
	own.spend(now)
	return nil
}

// levels returns the buckets of the call. The caller of this, and of all below, holds
// r.mu.
func (r *rates) levels(x *Execution, now time.Duration) (l levels) {
	if rate := r.bounds.Load().rate; rate.Count > 0 {
		l[levelServer] = r.set(&r.whole, rate, now)
	}
	if rate := x.Entry.Limits.Rate; rate.Count > 0 {
		l[levelTool] = r.set(&x.tool.rate, rate, now)
	}
	r.callerLevels(&l, x, now)
	return l
}

func (r *rates) callerLevels(l *levels, x *Execution, now time.Duration) {
	if rate := r.callerRate(x); rate.Count > 0 {
		l[levelCaller] = r.set(r.callers.get(bucketKey{caller: x.Call.Caller}), *rate, now)
	}
	if rate := x.Entry.Limits.CallerRate; rate.Count > 0 {
		l[levelBoth] = r.set(r.callers.get(bucketKey{x.Call.Caller, x.Entry.Name}), rate, now)
	}
}

func (r *rates) set(b *bucket, rate tools.Rate, now time.Duration) *bucket {
	if b.rate != rate {
		b.set(rate, now)
		r.line.sort(b)
	}
	return b
}

// adjust takes over the rate of the server for those who wait. That of a caller is taken
// over when it calls next.
func (r *rates) adjust() {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Since(r.epoch)
	if rate := r.bounds.Load().rate; rate.Count > 0 {
		r.set(&r.whole, rate, now)
	}
	r.dispatch(now)
}

// tokens returns tokens to be taken. They are used again and again, lest each call
// allocates its own.
func (r *rates) tokens(l *levels) *tokens {
	last := len(r.spare) - 1
	if last < 0 {
		return &tokens{levels: *l}
	}
	t := r.spare[last]
	r.spare = r.spare[:last]
	t.levels = *l
	return t
}

func (r *rates) giveBack(took *tokens, now time.Duration) {
	took.giveBack()
	if r.line.waiting > 0 {
		r.line.givenBack(&took.levels)
		r.dispatch(now)
	}
}

// dispatch gives out the tokens that there are, and sets the timer to the next.
func (r *rates) dispatch(now time.Duration) {
	r.line.dispatch(now)
	r.arm(now)
}

func (r *rates) arm(now time.Duration) {
	var due time.Duration
	if len(r.line.ready) > 0 {
		due = max(r.line.ready[0].of.due, 1)
	}
	switch {
	case due == r.next:
		return
	case due == 0:
		r.timer.Stop()
	case r.timer == nil:
		r.timer = time.AfterFunc(due-now, r.ring)
	default:
		r.timer.Reset(due - now)
	}
	r.next = due
}

func (r *rates) ring() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next = 0
	r.dispatch(time.Since(r.epoch))
}
