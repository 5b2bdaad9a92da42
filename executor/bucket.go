package executor

import (
	"math"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/sluice-dev/sluice/tools"
)

// A bucket is the tokens of one rate limit, and who waits for one.
//
// It is not the Limiter of golang.org/x/time/rate: that takes a token for a time to
// come from those who could use it now, which with several limits on a call lets the
// tightest hold up all that share the widest, and it gives back less than it took when
// others came between.
type bucket struct {
	rate  tools.Rate
	pace  pacer
	every time.Duration // from one token to the next
	burst int

	last   *token          // the last taken of those that may be given back
	pinned int             // flows that wait and may need it
	parked pile[*rateFlow] // those that wait for a token of this bucket first
	index  int             // in the line's heap, where it stands by
	due    time.Duration   // when it has a token, or earlier: it may have been taken since
}

func (b *bucket) place() *int { return &b.index }

// rank orders buckets by when they have a token.
func (b *bucket) rank() rank { return rank{first: int64(b.due)} }

// set gives the bucket its rate, which may be a new one; it then stays as full as it
// was, in proportion.
func (b *bucket) set(rate tools.Rate, now time.Duration) {
	if rate == b.rate {
		return
	}
	share := b.emptiness(now)
	b.rate, b.every = rate, interval(rate)
	b.burst = min(orDefault(rate.Burst, rate.Count), int(math.MaxInt64/4/b.every))
	b.pace.full = now + time.Duration(share*float64(b.capacity()))
	b.release()
}

func interval(rate tools.Rate) time.Duration {
	return max(orDefault(rate.Per, time.Second)/time.Duration(rate.Count), 1)
}

// capacity is the time in which the empty bucket fills.
func (b *bucket) capacity() time.Duration { return time.Duration(b.burst) * b.every }

// emptiness returns which share of its tokens the bucket lacks.
func (b *bucket) emptiness(now time.Duration) float64 {
	if b.burst == 0 { // it is new
		return 0
	}
	return float64(b.pace.debt(now)) / float64(b.capacity())
}

// wait returns how long it is, at now, until there is a token; less than 0 where there
// is more than one.
func (b *bucket) wait(now time.Duration) time.Duration {
	return b.pace.wait(now, b.burst, b.every)
}

// spend takes a token for good.
func (b *bucket) spend(now time.Duration) {
	if b.last != nil {
		b.last.low = min(b.last.low, b.pace.debt(now))
	}
	b.pace.spend(now, b.every)
}

// take takes a token that may be given back.
func (b *bucket) take(t *token, now time.Duration) {
	b.spend(now)
	if b.last != nil {
		b.last.next = t
	}
	*t = token{bucket: b, prev: b.last, low: math.MaxInt64}
	b.last = t
}

// release makes all tokens that were taken spent.
func (b *bucket) release() {
	for t := b.last; t != nil; t = t.prev {
		t.bucket = nil
	}
	b.last = nil
}

// A token was taken from a bucket and may be given back, which makes the bucket what it
// would be had the token never been taken: that is less than one token fuller where the
// bucket would have been full at some time since. It is a matter of how close to full
// the bucket was when others took theirs after it (D. V. Lindley, The theory of queues
// with a single server, 1952: a queue that one customer never came to).
type token struct {
	bucket     *bucket       // nil once it is spent or given back
	prev, next *token        // taken before and after it, of those that may be given back
	low        time.Duration // the least debt that was found by who came after it, before next's taking
}

// spent says that the token will not be given back.
func (t *token) spent() {
	b := t.bucket
	if b == nil {
		return
	}
	if t.prev != nil {
		t.prev.low = min(t.prev.low, t.low)
		t.prev.next = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	} else {
		b.last = t.prev
	}
	t.bucket = nil
}

func (t *token) giveBack() {
	b := t.bucket
	if b == nil {
		return
	}
	back := b.every
	for u := t; u != nil; u = u.next {
		back = min(back, u.low)
	}
	for u := t; u != nil; u = u.next {
		u.low -= back // math.MaxInt64 stays out of reach
	}
	b.pace.full -= back
	t.spent()
}

// levels are the buckets of one call: of the server, its tool, its caller, and its
// caller with this tool; nil where there is no such limit. A call takes a token of
// each, or none of any.
type levels [levelCount]*bucket

const (
	levelServer = iota
	levelTool
	levelCaller
	levelBoth // caller and tool
	levelCount
)

// scopes say in words whose limit it is.
var scopes = [levelCount]string{"the server", "the tool", "a caller", "a caller of this tool"}

// wait returns how long it is, at now, until there is a token in each bucket, and the
// level that it takes longest at.
func (l *levels) wait(now time.Duration) (time.Duration, int) {
	longest, level := time.Duration(math.MinInt64), 0
	for i, b := range l {
		if b != nil {
			if wait := b.wait(now); wait > longest {
				longest, level = wait, i
			}
		}
	}
	return longest, level
}

// spend takes a token of each for good.
func (l *levels) spend(now time.Duration) {
	for _, b := range l {
		if b != nil {
			b.spend(now)
		}
	}
}

// pin keeps the buckets from being given to other callers.
func (l *levels) pin(n int) {
	for _, b := range l {
		if b != nil {
			b.pinned += n
		}
	}
}

// tokens are what a call has taken: one of each of its buckets.
type tokens struct {
	levels levels
	each   [levelCount]token
}

func (t *tokens) take(now time.Duration) {
	for i, b := range t.levels {
		if b != nil {
			b.take(&t.each[i], now)
		}
	}
}

func (t *tokens) spent() {
	for i := range t.each {
		t.each[i].spent()
	}
}

func (t *tokens) giveBack() {
	for i := range t.each {
		t.each[i].giveBack()
	}
}

// A bucketTable has the buckets of callers, and those of callers with a tool. It keeps no
// more than its size.
//
// In a full table a newcomer takes over the bucket that was not used for the longest
// time, as it stands. Were it given a full one, then to be forgotten and to come back
// would be a way to more tokens; like this the table gives out no more than its buckets
// are filled with, whoever comes.
type bucketTable struct {
	size int
	lru  *simplelru.LRU[bucketKey, *bucket]
}

// bucketKey names a caller, or a caller with a tool.
type bucketKey struct{ caller, tool string }

func newBucketTable(size int) bucketTable {
	lru, err := simplelru.NewLRU[bucketKey, *bucket](size, nil)
	if err != nil {
		panic(err) // the size is not positive
	}
	return bucketTable{size, lru}
}

// get returns the bucket of the key.
func (t *bucketTable) get(key bucketKey) *bucket {
	b, ok := t.lru.Get(key)
	if !ok {
		b = t.vacant()
		t.lru.Add(key, b)
	}
	return b
}

// vacant returns a bucket for a new key. One that calls wait for stays with its own: of
// these there are fewer than the table has.
func (t *bucketTable) vacant() *bucket {
	for t.lru.Len() >= t.size {
		key, b, _ := t.lru.RemoveOldest()
		if b.pinned == 0 {
			b.release() // what the old key has taken is not given back to the new
			return b
		}
		t.lru.Add(key, b)
	}
	return &bucket{}
}
