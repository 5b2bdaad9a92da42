package executor

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/tools"
)

// cacheMeta is the key in a result's _meta that says what part the cache had in it:
// one of the values of [history.Cached].
const cacheMeta = "dev.sluice/cache"

// A cache answers the calls of tools that declare it: from a result that it has kept,
// or by a flight that all identical calls share. Both are found and left under one
// lock, so that no call slips between the end of a flight and the keeping of its
// result. So results stand in a plain LRU: a concurrent cache would have a lock of its own.
//
// The least recently used results go first, by their number and by their bytes. One
// whose time is over goes when it is found or pushed out, and is never given out.
type cache struct {
	aside *room // where calls wait for the flights of others
	log   *slog.Logger

	mu       sync.Mutex                           // guards all below, and flight.waiting
	kept     *simplelru.LRU[cacheKey, keptResult] // nil where none is kept
	bytes    int64                                // of kept
	maxBytes int64
	flights  map[cacheKey]*flight
	refused  uint64 // calls that found too many waiting for the flights of others
}

// errFlightsFull refuses a call that would have shared a flight.
var errFlightsFull = fmt.Errorf("%w: too many calls wait for the results of others", ErrQueueFull)

// keptResult is shared by all calls that it answers, and never changed.
type keptResult struct {
	result *tools.Result
	bytes  int64
	until  time.Time // has the monotonic clock's reading
}

const (
	defaultTTL = time.Minute

	// What a kept result takes beside its own bytes, roughly: its key, its place,
	// and the values around each block.
	entryOverhead = 512
	blockOverhead = 64
)

// newCache returns a cache of so many results and bytes; where either is 0 it keeps
// none, and calls share only flights.
func newCache(entries int, maxBytes int64, aside *room, log *slog.Logger) *cache {
	c := &cache{aside: aside, log: log, flights: map[cacheKey]*flight{}}
	c.resize(entries, maxBytes)
	return c
}

// resize changes how much is kept. What is too much goes, the least recently used first.
func (c *cache) resize(entries int, maxBytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.maxBytes = maxBytes
	switch {
	case entries == 0 || maxBytes == 0:
		c.kept, c.bytes = nil, 0
	case c.kept == nil:
		c.kept, _ = simplelru.NewLRU(entries, func(_ cacheKey, gone keptResult) { c.bytes -= gone.bytes })
	default:
		c.kept.Resize(entries)
	}
	c.shrink()
}

// shrink keeps to the bytes. The caller holds c.mu.
func (c *cache) shrink() {
	for c.bytes > c.maxBytes {
		c.kept.RemoveOldest()
	}
}

func (c *cache) policy(next Handler) Handler {
	inFlight := recoverPanics(c.log)(next)
	return func(ctx context.Context, x *Execution) (*tools.Result, error) {
		if x.Entry.Limits.Cache == nil {
			return next(ctx, x)
		}
		return c.answer(ctx, x, inFlight)
	}
}

// answer comes back to the start when the flight that it had joined was refused for
// another caller's sake. Each round has one call less to come back: the one that
// leads the flight.
func (c *cache) answer(ctx context.Context, x *Execution, rest Handler) (*tools.Result, error) {
	key := keyOf(x)
	for {
		if ctx.Err() != nil {
			return nil, x.ended(ctx)
		}
		kept, f, refused := c.find(ctx, x, key, rest)
		if refused != nil {
			return nil, refused
		}
		if kept != nil {
			x.board(nil, history.CacheHit)
			return marked(kept, history.CacheHit), nil
		}
		result, err := f.await(ctx, c, x)
		if err != errTryAgain {
			return result, err
		}
	}
}

// find returns a result that was kept, or else the flight that the call now waits
// for, which may be its own, unless too many wait.
func (c *cache) find(ctx context.Context, x *Execution, key cacheKey, rest Handler) (*tools.Result, *flight, *Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if result := c.load(key); result != nil {
		return result, nil, nil
	}
	f := c.flights[key]
	if f == nil || f.outrankedBy(x) {
		f = newFlight(ctx, x, key)
		c.flights[key] = f
		x.handlerStarts()
		go f.run(c, rest)
	} else if why := c.aside.enter(x); why != refusedNot {
		c.refused++
		refused := x.overloaded(why, 0)
		refused.Err = errFlightsFull
		return nil, nil, refused
	}
	f.waiting++
	return nil, f, nil
}

// leave takes note that a call waits no longer for the flight, and reports whether it
// was the last; then nobody can join any more.
func (c *cache) leave(f *flight) (last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.waiting--
	if f.waiting == 0 {
		c.remove(f)
	}
	return f.waiting == 0
}

// land ends the flight for those who come from now on, and keeps its result.
func (c *cache) land(f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(f)
	if f.failure == nil && !f.result.IsError && !f.x.cut.Load() {
		c.store(f.key, f.result)
	}
}

func (c *cache) remove(f *flight) {
	if c.flights[f.key] == f { // a flight of higher rank may have taken its place
		delete(c.flights, f.key)
	}
}

// load returns what is kept, and nil where it is nothing or too old. The caller holds
// c.mu, as for store.
func (c *cache) load(key cacheKey) *tools.Result {
	if c.kept == nil {
		return nil
	}
	kept, ok := c.kept.Get(key)
	switch {
	case !ok:
		return nil
	case !time.Now().Before(kept.until):
		c.kept.Remove(key)
		return nil
	}
	return kept.result
}

func (c *cache) store(key cacheKey, result *tools.Result) {
	ttl := orDefault(key.entry.Limits.Cache.TTL, defaultTTL)
	bytes := size(result) + entryOverhead + int64(len(result.Content))*blockOverhead
	if c.kept == nil || ttl == 0 || bytes > c.maxBytes {
		return
	}
	c.kept.Remove(key) // to replace it would not tell of its bytes
	c.bytes += bytes
	c.kept.Add(key, keptResult{result, bytes, time.Now().Add(ttl)})
	c.shrink()
}

// state returns how many results are kept, their bytes, and how many calls were refused.
func (c *cache) state() (entries int, bytes int64, refused uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept != nil {
		entries, bytes = c.kept.Len(), c.bytes
	}
	return entries, bytes, c.refused
}

// marked returns a copy that says how it came. The maps and slices that a caller is
// likely to touch are its own; the bytes of data are those of all.
func marked(result *tools.Result, how history.Cached) *tools.Result {
	own := *result
	own.Content = slices.Clone(result.Content)
	own.Meta = make(map[string]any, len(result.Meta)+1)
	maps.Copy(own.Meta, result.Meta)
	own.Meta[cacheMeta] = string(how)
	return &own
}
