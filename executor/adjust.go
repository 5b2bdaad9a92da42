package executor

import (
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// bounds are what the engine holds a call to where its tool says nothing else: the part
// of Options that [Engine.Adjust] changes, with the defaults filled in. They are never
// changed: a call keeps those it came with, whatever comes into force meanwhile.
type bounds struct {
	queueTimeout   time.Duration
	rateWait       time.Duration
	repeatFailures int
	timeout, idle  time.Duration
	resultBytes    int64

	// These hold states that calls share, so what is in force counts for all of them.
	rate, callerRate tools.Rate
	breaker          tools.Breaker
}

// inForce are the bounds of the calls that come now.
type inForce = atomic.Pointer[bounds]

func (o *Options) bounds() *bounds {
	return &bounds{
		queueTimeout:   o.QueueTimeout,
		rateWait:       o.RateWait,
		repeatFailures: o.RepeatFailures,
		timeout:        o.Timeout,
		idle:           o.IdleTimeout,
		resultBytes:    o.ResultBytes,
		rate:           o.Rate,
		callerRate:     o.CallerRate,
		breaker:        o.Breaker,
	}
}

// Adjust changes the limits of an engine that runs to those of o, with the same meaning
// of 0 and of negative numbers: Concurrency, Queue, QueueBytes, InFlightBytes,
// QueueTimeout, Rate, CallerRate, RateWait, Breaker, RepeatFailures, Timeout, IdleTimeout,
// Heartbeat, ResultBytes, CacheEntries and CacheBytes. It does not look at the other
// fields, but asks the engine's own Allowance anew about the callers that wait.
//
// No call is lost by it. Those that run or wait keep the times and the size that they came
// with. What is shared changes for them too: free slots go to those who wait, and where
// now too many run or wait none is added until enough have left; a bucket of a rate stays
// as full as it was, in proportion; a breaker stays in its state; of the results that
// are kept the oldest go. It may be called at any time.
func (e *Engine) Adjust(o Options) {
	o = o.withDefaults()
	e.bounds.Store(o.bounds())
	e.resize(o.Concurrency, o.Queue, o.QueueBytes)
	e.aside.space.Store(o.QueueBytes)
	e.ledger.resize(o.InFlightBytes)
	e.rates.adjust()
	e.beats.adjust(o.Heartbeat)
	e.cache.resize(o.CacheEntries, o.CacheBytes)
}
