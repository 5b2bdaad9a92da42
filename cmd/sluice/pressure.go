package main

import (
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/cgroup"
	"github.com/sluice-dev/sluice/executor"
)

// What of the memory limit of a control group is what. Go collects its garbage harder as
// it comes near its share, so only programs of tools, or a heap that really is so large,
// take the group further.
const (
	goShare    = 0.90 // what Go may take
	shedShare  = 0.95 // above it new calls are refused
	calmShare  = 0.93 // and let in again below it
	flightPart = 8    // one part in so many is for arguments of calls in flight
)

// Bounds on the bytes of arguments in flight where the config names none.
const (
	mostFlightBytes  = 256 << 20 // which is the engine's own default
	leastFlightBytes = 8 << 20   // two messages of the greatest length
)

// measureEvery is how old the knowledge of memory may be that a call is judged by.
const measureEvery = 100 * time.Millisecond

// A pressure knows whether memory is too short to take on more calls. It looks when it is
// asked, and not again for a while: a server at rest costs nothing.
type pressure struct {
	limit int64                // of the group, or what follows from Go's own
	from  string               // who says so
	used  func() (int64, bool) // of the limit
	now   func() time.Duration
	log   *slog.Logger

	looking sync.Mutex
	due     atomic.Int64 // when to look again, in nanoseconds of now
	short   atomic.Bool  // written by who holds looking
}

// newPressure returns what watches the memory limit of this process, after it has told Go
// of that. It is nil where there is none. What the environment has in GOMEMLIMIT stays.
func newPressure(logger *slog.Logger) *pressure {
	began := time.Now()
	p := &pressure{now: func() time.Duration { return time.Since(began) }, log: logger}
	own := goLimit()
	if group := cgroup.Find(os.DirFS("/")); group != nil {
		if own == 0 {
			own = int64(goShare * float64(group.Limit))
			debug.SetMemoryLimit(own)
		}
		p.limit, p.from, p.used = group.Limit, group.From, group.Used
		return p
	}
	if own == 0 {
		return nil
	}
	// Go keeps to its limit for as long as it can, and then calls are too many.
	p.limit, p.from, p.used = int64(float64(own)/shedShare), "GOMEMLIMIT", goMemory
	return p
}

// announce says in the log what is made of the limits on this process. Go itself has
// GOMAXPROCS follow the processors that the group has.
func (p *pressure) announce() {
	if p != nil {
		p.log.Info("memory is limited", "bytes", p.limit, "by", p.from, "for_go", goLimit(),
			"shed_above", int64(shedShare*float64(p.limit)), "gomaxprocs", runtime.GOMAXPROCS(0))
	}
}

// bound has an engine keep to the limit.
func (p *pressure) bound(o *executor.Options) {
	if p == nil {
		return
	}
	o.Pressure = p.high
	if o.InFlightBytes == 0 {
		o.InFlightBytes = min(max(p.limit/flightPart, leastFlightBytes), mostFlightBytes)
	}
}

// goLimit returns the limit that GOMEMLIMIT has set, or 0.
func goLimit() int64 {
	if limit := debug.SetMemoryLimit(-1); limit < 1<<62 {
		return limit
	}
	return 0
}

// goMemory returns what counts for Go's memory limit.
func goMemory() (int64, bool) {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64() - samples[1].Value.Uint64()), true
}

// high reports whether new calls are to be refused. It is safe for concurrent use, and of
// those that come at once one looks.
func (p *pressure) high() bool {
	if now := p.now(); int64(now) >= p.due.Load() && p.looking.TryLock() {
		defer p.looking.Unlock()
		p.due.Store(int64(now + measureEvery))
		p.look()
	}
	return p.short.Load()
}

// look sees what memory there is. What cannot be read refuses nobody.
func (p *pressure) look() {
	used, ok := p.used()
	was, share := p.short.Load(), shedShare
	if was {
		share = calmShare
	}
	short := ok && float64(used) > share*float64(p.limit)
	p.short.Store(short)
	switch {
	case short && !was:
		p.log.Warn("memory is short: new calls are refused until calls that run have ended", "bytes", used, "limit", p.limit)
	case was && !short:
		p.log.Info("there is memory again for new calls", "bytes", used, "limit", p.limit)
	}
}
