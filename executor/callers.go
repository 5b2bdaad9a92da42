package executor

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// callers counts the calls of each caller, of maxCallers at most: who comes when the
// table is full is counted with the others, until one in it has not called for
// callerIdle and makes room; its counts then go to the others. So neither a crowd nor a
// caller who changes names fills the memory, or drives out those who call all the time.
type callers struct {
	mu     sync.RWMutex // guards all below; the tallies count under its read lock
	known  map[string]*callerState
	tidied time.Time // when room was looked for last
	others tally     // those who found no room
	gone   Counts    // of those who made room
}

const (
	maxCallers = 256
	callerIdle = 10 * time.Minute
	tidyEvery  = time.Second // a look takes longer than a call
)

type callerState struct {
	tally
	from time.Time    // of the first call, which last is counted from: the time of day jumps
	last atomic.Int64 // when a call ended, in nanoseconds
}

// count counts a call that has ended.
func (c *callers) count(r *Record) {
	c.mu.RLock()
	s := c.known[r.Caller]
	if s != nil {
		s.count(r)
	}
	c.mu.RUnlock()
	if s == nil {
		c.countNew(r)
	}
}

func (s *callerState) count(r *Record) {
	s.last.Store(int64(r.Finished.Sub(s.from)))
	s.tally.count(r)
}

// countNew counts a call of a caller who was not in the table.
func (c *callers) countNew(r *Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.known[r.Caller]; s != nil {
		s.count(r)
		return
	}
	if len(c.known) >= maxCallers && !c.tidy(r.Finished) {
		c.others.count(r)
		return
	}
	if c.known == nil {
		c.known = map[string]*callerState{}
	}
	s := &callerState{from: r.Finished}
	s.count(r)
	c.known[r.Caller] = s
}

// tidy takes out who has not called for long, and reports whether there is room now.
// The caller holds c.mu.
func (c *callers) tidy(now time.Time) bool {
	if now.Sub(c.tidied) < tidyEvery {
		return false
	}
	c.tidied = now
	for name, s := range c.known {
		if now.Sub(s.from)-time.Duration(s.last.Load()) >= callerIdle {
			counts := s.read()
			c.gone.Add(&counts)
			delete(c.known, name)
		}
	}
	return len(c.known) < maxCallers
}

// read returns the counts of each caller, and those of the others.
func (c *callers) read() (map[string]Counts, Counts) {
	known, others := c.snapshot()
	counts := make(map[string]Counts, len(known))
	for name, s := range known { // without the lock: it takes longer than a call may wait
		counts[name] = s.read()
	}
	return counts, others
}

func (c *callers) snapshot() (map[string]*callerState, Counts) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	others := c.others.read()
	others.Add(&c.gone)
	return maps.Clone(c.known), others
}
