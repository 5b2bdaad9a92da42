package transport

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
)

const (
	// burstCalls is how many calls a burst has at most, and burstMessages how many messages are
	// read from its first call on before it is run.
	burstCalls, burstMessages = 32, 64
	// burstPatience is for how long a burst may keep a goroutine from reading: for as long at
	// least, and for twice as long at most.
	burstPatience = time.Millisecond
	// restTicks is how many times the patience may pass between two bursts for the second to
	// come soon after the first, and hotStreak how many have to in a row for the connection to
	// have a goroutine of the engine's read while nothing comes.
	restTicks, hotStreak = 100, 128
)

// A burst is calls of quick tools (see [executor.Job.Quick]) whose messages came at once. The
// goroutine that reads runs them, one after the other, when nothing more can be read without
// waiting for the peer, and then writes the answers, all of them at once: to wake other
// goroutines for that costs more than the calls do. Reading must not wait for a tool, so
// where they take long nevertheless, or the peer does not take the answers, another
// goroutine goes on reading and this one is left to what keeps it: see pass.
//
// A burst is used again until it is passed.
type burst struct {
	in    *intake
	calls []quickCall
	read  int          // messages since the first of calls
	next  atomic.Int64 // index in calls of the next to be run
	holds atomic.Bool  // answers are written when it ends or is passed, whichever is first

	before, after *burst // belong to the lookout, as do all below
	runs          bool   // it is among those that the lookout looks after
	seen          bool   // a tick has found it there
	ended         uint64 // at which tick it has ended last
	streak        int    // how often in a row it has begun soon after it had ended
}

type quickCall struct {
	job  *executor.Job
	done func(*tools.Result, error)
}

// run runs the calls and writes their answers. It returns false where another goroutine
// reads now.
func (b *burst) run(l *lookout) bool {
	b.next.Store(0)
	b.holds.Store(true)
	l.begin(b)
	for i := b.next.Add(1) - 1; i < int64(len(b.calls)); i = b.next.Add(1) - 1 {
		b.calls[i].job.Run(b.calls[i].done)
	}
	b.in.conn.writeHeld()
	if !l.end(b) {
		return false
	}
	b.holds.Store(false)
	clear(b.calls)
	b.calls, b.read = b.calls[:0], 0
	return true
}

// hot reports whether the connection is so busy that the goroutine which runs its bursts shall
// wait for the next.
func (b *burst) hot() bool { return b.streak >= hotStreak }

// pass has other goroutines read on, run the calls that are left and write. A call that runs
// is what has taken long: its tool is quick no more, lest reading waits for the next one too.
// The others are forgotten, since it may hang for ever.
func (b *burst) pass() {
	b.holds.Store(false)
	next := b.next.Swap(burstCalls)
	b.startFrom(next)
	for i := range b.calls {
		if runs := int64(i) == next-1; runs {
			b.calls[i].job.NotQuick()
		} else {
			b.calls[i] = quickCall{}
		}
	}
	in := b.in
	in.conn.kick()
	in.burst = &burst{in: in}
	in.conn.server.opts.Engine.Spawn(in.resume)
}

// startFrom starts the calls from the i-th on, each on a goroutine of its own.
func (b *burst) startFrom(i int64) {
	for ; i < int64(len(b.calls)); i++ {
		b.calls[i].job.Start(b.calls[i].done)
	}
}

// A lookout passes the bursts that take too long, those of all connections of a server. To
// set a timer for each would have to wake whoever waits for the network each time, so there
// is one, which ticks for as long as bursts are run.
type lookout struct {
	mu    sync.Mutex // guards all below
	first *burst     // of those that run
	begun bool       // one has since the last tick
	ticks bool
	now   uint64      // ticks so far
	timer *time.Timer // nil until the first tick is due
}

func (l *lookout) begin(b *burst) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b.runs, b.seen = true, false
	if b.after = l.first; b.after != nil {
		b.after.before = b
	}
	l.first = b
	l.begun = true
	if b.streak++; !l.ticks || l.now-b.ended > restTicks {
		b.streak = 0
	}
	if !l.ticks {
		l.ticks = true
		l.wait()
	}
}

// wait has the next tick come. The caller holds mu.
func (l *lookout) wait() {
	if l.timer == nil {
		l.timer = time.AfterFunc(burstPatience, l.tick)
	} else {
		l.timer.Reset(burstPatience)
	}
}

// end returns false where the burst was passed.
func (l *lookout) end(b *burst) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !b.runs {
		return false
	}
	l.remove(b)
	b.ended = l.now
	return true
}

func (l *lookout) remove(b *burst) {
	if b.before != nil {
		b.before.after = b.after
	} else {
		l.first = b.after
	}
	if b.after != nil {
		b.after.before = b.before
	}
	b.before, b.after, b.runs = nil, nil, false
}

// tick passes the bursts that have run since the last one.
func (l *lookout) tick() {
	for _, b := range l.late() {
		b.pass()
	}
}

func (l *lookout) late() (late []*burst) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now++
	for b := l.first; b != nil; {
		next := b.after
		if b.seen {
			l.remove(b)
			late = append(late, b)
		}
		b.seen = true
		b = next
	}
	if l.ticks = l.begun || l.first != nil; l.ticks {
		l.wait()
	}
	l.begun = false
	return late
}
