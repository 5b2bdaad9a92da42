package executor

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/sluice-dev/sluice/tools"
)

// ErrRepeatedFailure is wrapped by the error of a call that was refused since its caller
// has sent the tool the same arguments before, and they failed each time, of kind
// [KindRepeatedFailure]: a model that goes in circles is told so. RetryAfter is when they
// are let through again.
var ErrRepeatedFailure = errors.New("the same arguments have failed again and again")

const (
	repeatWindow = 5 * time.Minute // after which failures are forgotten, from the first
	maxRepeats   = 4096            // arguments that are remembered
	maxLast      = 500             // bytes that are kept of what the last failure said
)

// repeats refuse arguments that keep failing. Whatever the caller is told of as a failure
// counts, a result with IsError and invalid arguments too, but not what says nothing of
// the arguments: refusals, calls that were cancelled, and tools that could not be reached.
// One success and all is forgotten, as it is when the tool is registered anew.
//
// Only failures are remembered, so a call costs next to nothing while there are none.
type repeats struct {
	epoch time.Time
	seed  maphash.Seed
	known atomic.Int64 // the length of failed

	mu     sync.Mutex // guards all below
	failed *simplelru.LRU[uint64, *repeated]
}

// repeated is what is known of arguments that failed. They stand in the table in the
// order of their first failures, since nothing moves them.
type repeated struct {
	entry *tools.Entry
	times int
	since time.Duration // of the first failure
	last  string        // what the caller was told
}

func newRepeats(size int) *repeats {
	failed, err := simplelru.NewLRU[uint64, *repeated](size, nil)
	if err != nil {
		panic(err) // the size is not positive
	}
	return &repeats{epoch: time.Now(), seed: maphash.MakeSeed(), failed: failed}
}

func (r *repeats) policy(next Handler) Handler {
	return func(ctx context.Context, x *Execution) (*tools.Result, error) {
		limit := x.repeatFailures()
		if limit == 0 {
			return next(ctx, x)
		}
		if refused := r.check(x, limit); refused != nil {
			return nil, refused
		}
		x.repeats = true
		result, err := next(ctx, x)
		switch {
		case x.left():
		case err != nil || result.IsError:
			r.failure(x, result, err)
		case r.known.Load() > 0:
			r.forget(x)
		}
		return result, err
	}
}

// repeatFailures is how many times the same arguments may fail; 0 is any.
func (x *Execution) repeatFailures() int {
	return orTool(x.Entry.Limits.RepeatFailures, x.bounds.repeatFailures)
}

// check refuses a call whose arguments have failed too often.
func (r *repeats) check(x *Execution, limit int) *Error {
	if r.known.Load() == 0 {
		return nil
	}
	key := r.key(x)
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.sweep()
	before, _ := r.failed.Peek(key)
	if before == nil || before.entry != x.Entry || before.times < limit {
		return nil
	}
	err := x.fail(KindRepeatedFailure, &repeatError{before.times, before.last})
	err.RetryAfter = wholeMillis(before.since + repeatWindow - now)
	return err
}

// invalid says what becomes of a call whose arguments do not fit.
func (r *repeats) invalid(x *Execution, failure *Error) *Error {
	limit := x.repeatFailures()
	if limit == 0 {
		return failure
	}
	if refused := r.check(x, limit); refused != nil {
		return refused
	}
	r.remember(x, failure.Public())
	return failure
}

// failure takes note of a call that did not succeed, unless that says nothing of its
// arguments.
func (r *repeats) failure(x *Execution, result *tools.Result, err error) {
	var failure *Error
	switch {
	case err == nil && x.unreachable.Load(): // it would be whatever the arguments
	case err == nil:
		r.remember(x, firstText(result))
	case errors.As(err, &failure) && (byTool(err) || failure.Kind == KindResultTooLarge):
		r.remember(x, failure.Public())
	}
}

func firstText(result *tools.Result) string {
	for _, block := range result.Content {
		if text, ok := block.(tools.Text); ok {
			return text.Text
		}
	}
	return "without a word"
}

func (r *repeats) remember(x *Execution, last string) {
	last = strings.ToValidUTF8(last[:min(len(last), maxLast)], "")
	key := r.key(x)
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.sweep()
	f, _ := r.failed.Peek(key)
	if f == nil || f.entry != x.Entry {
		f = &repeated{entry: x.Entry, since: now}
		r.failed.Add(key, f)
	}
	f.times++
	f.last = strings.Clone(last) // and not the whole that it was cut from
	r.known.Store(int64(r.failed.Len()))
}

func (r *repeats) forget(x *Execution) {
	key := r.key(x)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed.Remove(key)
	r.known.Store(int64(r.failed.Len()))
}

// sweep forgets what is old, and returns the time. The caller holds r.mu.
func (r *repeats) sweep() time.Duration {
	now := time.Since(r.epoch)
	for {
		_, oldest, ok := r.failed.GetOldest()
		if !ok || now-oldest.since < repeatWindow {
			r.known.Store(int64(r.failed.Len()))
			return now
		}
		r.failed.RemoveOldest()
	}
}

// key is a hash that no caller can foresee, so none can have others' arguments taken for
// its own.
func (r *repeats) key(x *Execution) uint64 {
	return maphash.Comparable(r.seed, struct{ caller, tool, arguments uint64 }{
		maphash.String(r.seed, x.Call.Caller), maphash.String(r.seed, x.Call.Tool), maphash.Bytes(r.seed, x.Call.Arguments),
	})
}

// A repeatError says what failed before. What the tool has said is for the caller only:
// it does not stand in the text, which goes into records.
type repeatError struct {
	times int
	last  string
}

func (e *repeatError) Error() string { return fmt.Sprintf("%v: %d times", ErrRepeatedFailure, e.times) }

func (e *repeatError) Unwrap() error { return ErrRepeatedFailure }
