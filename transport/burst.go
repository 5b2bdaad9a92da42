package transport

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
)

const (
	// burstCalls is how many calls a burst has at most.
	burstCalls = 32
	// burstPatience is for how long a burst may keep a goroutine from reading, at least; it is
	// at most twice as long.
	burstPatience = time.Millisecond
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
	next  atomic.Int64 // of calls, that is not started
	turn  atomic.Int64 // odd while it runs, one more for each beginning and end; burstPassed at the very end

	// A timer that is set for each run would have to wake whoever waits for the network each
	// time. So there is one that ticks for as long as bursts are run.
	watch *time.Timer
	ticks atomic.Bool  // the watch does
	seen  atomic.Int64 // the turn at the last tick
}

type quickCall struct {
	job  *executor.Job
	done func(*tools.Result, error)
}

const burstPassed = -2

// holds reports whether the answers to its calls are written later: at its end, or when it is
// passed. On nil it is false.
func (b *burst) holds() bool { return b != nil && b.turn.Load()%2 != 0 }

// run runs the calls and writes their answers. It returns false where another goroutine
// reads now.
func (b *burst) run() bool {
	b.next.Store(0)
	turn := b.turn.Add(1)
	if !b.ticks.Load() && b.ticks.CompareAndSwap(false, true) {
		b.startWatch()
	}
	for i := b.next.Add(1) - 1; i < int64(len(b.calls)); i = b.next.Add(1) - 1 {
		b.calls[i].job.Run(b.calls[i].done)
	}
	b.in.conn.writeHeld()
	return b.turn.CompareAndSwap(turn, turn+1)
}

func (b *burst) startWatch() {
	if b.watch == nil {
		b.watch = time.AfterFunc(math.MaxInt64, b.tick)
	}
	b.watch.Reset(burstPatience)
}

// tick passes a burst that has run since the last tick, or whose goroutine a handler has ended.
// Where none has begun since then, there is no next.
func (b *burst) tick() {
	turn := b.turn.Load()
	switch idle := b.seen.Swap(turn) == turn; {
	case idle && turn%2 != 0:
		b.pass(turn)
		return
	case idle:
		b.ticks.Store(false)
		if b.turn.Load() == turn || !b.ticks.CompareAndSwap(false, true) {
			return
		}
	}
	b.watch.Reset(burstPatience)
}

// pass has other goroutines read on, run the calls that are left and write, unless the turn
// has ended.
func (b *burst) pass(turn int64) {
	if !b.turn.CompareAndSwap(turn, burstPassed) {
		return
	}
	b.startFrom(b.next.Swap(burstCalls))
	in := b.in
	in.conn.kick()
	in.burst = &burst{in: in}
	in.conn.server.opts.Engine.Spawn(in.resume)
}

// startFrom starts the calls from one on, each on a goroutine of its own.
func (b *burst) startFrom(i int64) {
	for ; i < int64(len(b.calls)); i++ {
		b.calls[i].job.Start(b.calls[i].done)
	}
}

// reset makes the burst one that is gathered.
func (b *burst) reset() {
	clear(b.calls)
	b.calls = b.calls[:0]
}
