package executor

import (
	"time"

	"github.com/sluice-dev/sluice/executor/history"
)

// Metrics are the engine's numbers at one moment.
type Metrics struct {
	// Total is over all tools, those included that are gone and calls of tools that
	// never were.
	Total Counts
	// Tools has the numbers of each tool that was called. Those of one that is no
	// longer registered may have gone into Total.
	Tools map[string]Counts
	// OtherTools has the rest of Total: calls of tools that never were, and of those that
	// are gone.
	OtherTools Counts
	// Callers has the numbers of each caller that has a name, of 256 at most: those of
	// others, and of those who had not called for ten minutes when the table was full,
	// are in OtherCallers. Waiting counts whatever a call waits for.
	Callers      map[string]Counts
	OtherCallers Counts
	// CacheEntries is how many results are kept, and CacheBytes how much memory they
	// take, roughly.
	CacheEntries int
	CacheBytes   int64
	// CacheRefused is how many calls were refused since too many waited for the results
	// of identical ones.
	CacheRefused uint64
	// Queue is the state of the queue.
	Queue QueueState
	// InFlight is what the calls in flight take.
	InFlight InFlightState
	// AfterFailures is how many times a function of [Options].After returned an error
	// or panicked.
	AfterFailures uint64
}

// Counts are the numbers of some calls, since the engine was made.
type Counts struct {
	// Calls is how many came to an end, however: it is the sum of Succeeded,
	// ToolErrors and all of Failed.
	Calls uint64
	// Started is how many were given a slot, of those that came to an end.
	Started uint64
	// Succeeded is how many ended with a result, ToolErrors with one that IsError.
	Succeeded, ToolErrors uint64
	// Failed is how many ended with an error, by its kind.
	Failed map[Kind]uint64
	// Refused is how many of those in Failed were turned away without a slot; one
	// that was cancelled or timed out while it waited was not.
	Refused uint64

	// Of calls of tools that declare a cache, CacheHits is how many were answered from
	// it, CacheMisses how many led to an execution, and Coalesced how many shared that
	// of another call. The last have no part in Started, Wait and Run.
	CacheHits, CacheMisses, Coalesced uint64

	// Running is how many have a slot now, abandoned ones included, and Waiting how
	// many wait for one.
	Running, Waiting int
	// Abandoned is how many handlers run now although their callers are answered,
	// and AbandonedEver how many ever were in that state.
	Abandoned     int
	AbandonedEver uint64

	// Adaptive is the state of the tool's timeout where that adapts; else nil.
	Adaptive *AdaptiveTimeout

	// Breaker is the state of the tool's circuit breaker; in a sum only Opened counts.
	Breaker Circuit

	// Wait is how long calls waited for their slot, Run how long they ran; both of
	// calls that were started.
	Wait, Run Durations

	// CPU is the processor time that processes of calls have used, and PeakMemory the
	// most memory, in bytes, that one of the calls had resident. They are of tools and
	// not told apart by caller; see tools.ReportUsage.
	CPU        time.Duration
	PeakMemory int64
}

// Metrics returns the numbers as they stand. Reading them costs far more than
// counting; a few times a second is well.
func (e *Engine) Metrics() Metrics {
	states, others := e.stats.all()
	m := Metrics{
		Tools: make(map[string]Counts, len(states)), OtherTools: others,
		Queue: e.queue.state(), InFlight: e.ledger.state(), AfterFailures: e.hooks.failed.Load(),
	}
	m.CacheEntries, m.CacheBytes, m.CacheRefused = e.cache.state()
	for _, t := range states {
		counts := t.read()
		e.queue.update(func(*slots) { counts.Running, counts.Waiting = t.lane.running, t.lane.waiting })
		counts.Breaker = e.trips.read(&t.circuit)
		m.Tools[t.name] = counts
		m.Total.Add(&counts)
	}
	m.Total.Add(&others)
	m.Callers, m.OtherCallers = e.stats.callers.read()
	m.countInFlight(e.ledger.calls())
	return m
}

// countInFlight counts for their callers the calls in flight: what those are is known
// without keeping count.
func (m *Metrics) countInFlight(calls []*Execution) {
	loads := map[string]*Counts{}
	for _, x := range calls {
		caller := x.Request.Caller
		load := loads[caller]
		if load == nil {
			load = &Counts{}
			loads[caller] = load
		}
		x.countIn(load)
	}
	delete(loads, "")
	for caller, load := range loads {
		if counts, known := m.Callers[caller]; known {
			counts.Add(load)
			m.Callers[caller] = counts
		} else {
			m.OtherCallers.Add(load)
		}
	}
}

func (x *Execution) countIn(load *Counts) {
	x.mu.Lock()
	defer x.mu.Unlock()
	r := x.complete()
	if r.Started.IsZero() || r.Cached == history.CacheCoalesced {
		load.Waiting++
	} else {
		load.Running++
	}
	if r.Abandoned {
		load.Abandoned++
	}
}

// Add adds the numbers of other to those of c. The states of breakers and adaptive
// timeouts do not add up and stay as they are.
func (c *Counts) Add(other *Counts) {
	c.Calls += other.Calls
	c.Started += other.Started
	c.Succeeded += other.Succeeded
	c.ToolErrors += other.ToolErrors
	if c.Failed == nil {
		c.Failed = map[Kind]uint64{}
	}
	for kind, n := range other.Failed {
		c.Failed[kind] += n
	}
	c.Refused += other.Refused
	c.CacheHits += other.CacheHits
	c.CacheMisses += other.CacheMisses
	c.Coalesced += other.Coalesced
	c.Running += other.Running
	c.Waiting += other.Waiting
	c.Abandoned += other.Abandoned
	c.AbandonedEver += other.AbandonedEver
	c.Breaker.Opened += other.Breaker.Opened
	c.Wait.add(&other.Wait)
	c.Run.add(&other.Run)
	c.CPU += other.CPU
	c.PeakMemory = max(c.PeakMemory, other.PeakMemory)
}
