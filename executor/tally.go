package executor

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/executor/history"
)

// A tally counts calls that have ended. What is derived from that, means and quantiles,
// is worked out when it is read.
type tally struct {
	started, succeeded, toolErrors, refused, abandonedEver atomic.Uint64
	hits, misses, coalesced                                atomic.Uint64 // of the cache
	wait, run                                              histogram
	usage                                                  usage

	mu     sync.Mutex // guards failed
	failed map[Kind]uint64
}

func (t *tally) count(r *Record) {
	if r.Cached == history.CacheCoalesced {
		t.coalesced.Add(1) // its execution counts for another call
	} else {
		t.countExecution(r)
	}
	switch r.Outcome {
	case history.OutcomeOK:
		t.succeeded.Add(1)
	case history.OutcomeToolError:
		t.toolErrors.Add(1)
	default:
		t.countFailure(r)
	}
}

func (t *tally) countExecution(r *Record) {
	switch r.Cached {
	case history.CacheHit:
		t.hits.Add(1)
	case history.CacheMiss:
		t.misses.Add(1)
	}
	if !r.Started.IsZero() {
		t.started.Add(1)
		t.wait.add(r.Started.Sub(r.Queued))
		t.run.add(r.Finished.Sub(r.Started))
	}
	if r.Abandoned {
		t.abandonedEver.Add(1)
	}
}

func (t *tally) countFailure(r *Record) {
	if r.Started.IsZero() && r.Kind != KindCancelled && r.Kind != KindTimeout {
		t.refused.Add(1)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed == nil {
		t.failed = map[Kind]uint64{}
	}
	t.failed[r.Kind]++
}

// read returns the counts of what has ended.
func (t *tally) read() Counts {
	c := Counts{
		Started: t.started.Load(), Succeeded: t.succeeded.Load(), ToolErrors: t.toolErrors.Load(),
		Refused: t.refused.Load(), AbandonedEver: t.abandonedEver.Load(), Failed: map[Kind]uint64{},
		CacheHits: t.hits.Load(), CacheMisses: t.misses.Load(), Coalesced: t.coalesced.Load(),
		Wait: t.wait.read(), Run: t.run.read(),
		CPU: time.Duration(t.usage.cpu.Load()), PeakMemory: t.usage.peak.Load(),
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	c.Calls = c.Succeeded + c.ToolErrors
	for kind, n := range t.failed {
		c.Failed[kind] = n
		c.Calls += n
	}
	return c
}
