package executor

import (
	"cmp"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// BreakerState says what a circuit breaker does with calls.
type BreakerState string

// The states of a circuit breaker.
const (
	BreakerClosed   BreakerState = "closed"    // all go through
	BreakerOpen     BreakerState = "open"      // all are refused
	BreakerHalfOpen BreakerState = "half_open" // a few go through, as probes
)

// A circuit is the state of one tool's breaker:
//
//	          too many failures               time is over
//	closed ------------------------> open ------------------> half-open
//	  ^                               ^                        |     |
//	  |                               +---- a probe fails -----+     |
//	  +------------ all probes succeed, 1, 2, 4 and 8 at a time -----+
//
// It is not the breaker of sony/gobreaker: that lets a fixed number of probes through, for
// a fixed time, and allocates for each call.
type circuit struct {
	mu      sync.Mutex // guards all below
	entry   *tools.Entry
	bounds  *bounds // that the rule was made of
	rule    rule
	state   BreakerState  // empty is closed
	since   time.Duration // of the state
	turn    uint64        // counts changes of the state: what began in another does not count
	opened  uint64
	streak  int           // openings in a row, each soon after the one before
	until   time.Duration // while open
	inRow   int           // failures, while closed
	recent  outcomes      // while closed
	probes  int           // that run
	allowed int           // probes at a time
	good    int           // that have succeeded since allowed grew
	probed  time.Duration // when the last probe began
}

// maxProbes is how many probes at a time have to succeed before the circuit closes.
const maxProbes = 8

// A passage is what a call needs to say how it ended.
type passage struct {
	turn  uint64
	probe bool
}

// verdict is what a call says of its tool.
type verdict int8

const (
	verdictNone verdict = iota // it never came to the tool, or did not stay to see
	verdictGood
	verdictBad
)

// set takes over the tool. One that was registered anew starts anew.
func (c *circuit) set(entry *tools.Entry, rule rule, now time.Duration) {
	if c.entry != nil {
		c.streak = 0
		c.change(BreakerClosed, now)
	}
	c.entry, c.rule = entry, rule
}

// adjust takes over a rule, and stays in the state that it is in.
func (c *circuit) adjust(rule rule) {
	if rule.window != c.rule.window {
		c.recent = outcomes{} // they are counted by eighths of it
	}
	c.rule = rule
}

func (c *circuit) change(state BreakerState, now time.Duration) {
	c.state, c.since = state, now
	c.turn++
	c.inRow, c.recent = 0, outcomes{}
	c.probes, c.allowed, c.good = 0, 1, 0
}

// closed reports whether every call goes through.
func (c *circuit) closed() bool { return c.state != BreakerOpen && c.state != BreakerHalfOpen }

// admit lets a call through as a probe, or says in which time to try again. The circuit
// is not closed.
func (c *circuit) admit(now time.Duration) (p passage, retry time.Duration) {
	switch c.state {
	case BreakerOpen:
		if now < c.until {
			return passage{}, c.until - now
		}
		c.change(BreakerHalfOpen, now)
	case BreakerHalfOpen:
		// One that takes long does not shut out all others: in each open time there is
		// one more.
		if again := c.probed + c.rule.open; c.probes >= c.allowed && now < again {
			return passage{}, again - now
		}
	}
	c.probes++
	c.probed = now
	return passage{c.turn, true}, 0
}

// settle takes note of how a call ended. random draws from 0 to 1.
func (c *circuit) settle(p passage, v verdict, now time.Duration, random func() float64) {
	if p.turn != c.turn {
		return
	}
	if p.probe {
		c.probes--
	}
	switch {
	case v == verdictNone:
	case p.probe:
		c.settleProbe(v, now, random)
	default:
		c.settleCall(v, now, random)
	}
}

func (c *circuit) settleCall(v verdict, now time.Duration, random func() float64) {
	c.recent.add(v, now, c.rule.window)
	if v == verdictGood {
		c.inRow = 0
		return
	}
	c.inRow++
	if c.tooMany(now) {
		c.open(now, random)
	}
}

func (c *circuit) settleProbe(v verdict, now time.Duration, random func() float64) {
	if v == verdictBad {
		c.open(now, random)
		return
	}
	if c.good++; c.good < c.allowed {
		return
	}
	c.good, c.allowed = 0, 2*c.allowed
	if c.allowed > maxProbes {
		c.change(BreakerClosed, now)
	}
}

func (c *circuit) tooMany(now time.Duration) bool {
	if c.rule.failures > 0 && c.inRow >= c.rule.failures {
		return true
	}
	good, bad := c.recent.sum(now, c.rule.window)
	return c.rule.share > 0 && good+bad >= c.rule.minCalls && float64(bad) >= c.rule.share*float64(good+bad)
}

func (c *circuit) open(now time.Duration, random func() float64) {
	if c.state != BreakerHalfOpen && now-c.since > c.rule.window {
		c.streak = 0
	}
	wait := c.rule.openFor(c.streak)
	c.change(BreakerOpen, now)
	c.streak++
	c.opened++
	c.until = now + wait + time.Duration(random()*float64(wait)/4)
}

// outcomes counts how calls ended, by eighths of the window.
type outcomes [8]struct {
	turn      int64 // which eighth it is, counted from the beginning
	good, bad int
}

func (o *outcomes) add(v verdict, now, window time.Duration) {
	turn := int64(now / (window / time.Duration(len(o))))
	slot := &o[turn%int64(len(o))]
	if slot.turn != turn {
		slot.turn, slot.good, slot.bad = turn, 0, 0
	}
	if v == verdictGood {
		slot.good++
	} else {
		slot.bad++
	}
}

func (o *outcomes) sum(now, window time.Duration) (good, bad int) {
	turn := int64(now / (window / time.Duration(len(o))))
	for _, slot := range o {
		if slot.turn > turn-int64(len(o)) {
			good += slot.good
			bad += slot.bad
		}
	}
	return good, bad
}

// rule is the settings of one tool's breaker; 0 is off.
type rule struct {
	failures      int
	share         float64
	window        time.Duration
	minCalls      int
	open, maxOpen time.Duration
}

// newRule takes what the tool has set, then what the engine has, then the defaults.
func newRule(own, engine tools.Breaker) rule {
	r := rule{
		failures: orDefault(cmp.Or(own.Failures, engine.Failures), 10),
		share:    orDefault(cmp.Or(own.Share, engine.Share), 0.5),
		window:   orDefault(cmp.Or(own.Window, engine.Window), 30*time.Second),
		minCalls: orDefault(cmp.Or(own.MinCalls, engine.MinCalls), 20),
		open:     orDefault(cmp.Or(own.Open, engine.Open), 5*time.Second),
		maxOpen:  orDefault(cmp.Or(own.MaxOpen, engine.MaxOpen), 5*time.Minute),
	}
	if r.window == 0 {
		r.share = 0
	}
	r.window = max(r.window, time.Millisecond) // it is divided
	r.open = min(r.open, unlimited)
	r.maxOpen = min(max(r.maxOpen, r.open), unlimited)
	return r
}

// openFor returns for how long to stay open after so many openings in a row.
func (r *rule) openFor(streak int) time.Duration {
	wait := r.open
	for range streak {
		if wait >= r.maxOpen/2 {
			return r.maxOpen
		}
		wait *= 2
	}
	return wait
}
