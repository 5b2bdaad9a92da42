package executor

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// progress opens a gate between the handler's reports and the caller, and shuts it
// when the call is over. A value that still waits then goes out first. To a caller who
// has cancelled the call nothing goes out from that moment, though the handler may
// still be within its grace.
func progress(beats *heartbeats, log *slog.Logger) Policy {
	return func(next Handler) Handler {
		return func(ctx context.Context, x *Execution) (*tools.Result, error) {
			g := x.gate
			if g == nil {
				return next(x.reporting(ctx, vitals{x}), x)
			}
			g.unlock(ctx, log)
			if x.Request.OnProgress != nil {
				beats.expect()
			}
			defer g.shut()
			return next(x.reporting(ctx, g), x)
		}
	}
}

// reporting returns a context whose reports go to r.
func (x *Execution) reporting(ctx context.Context, r tools.Reporter) context.Context {
	x.reports = tools.ReporterContext{Context: ctx, Reporter: r}
	return &x.reports
}

// vitals are what tools.Report and tools.Log talk to where the caller listens to nothing:
// they are signs of life.
type vitals struct{ x *Execution }

// Report takes a report of progress.
func (v vitals) Report(tools.Progress) { v.x.heard.Store(int64(v.x.age())) }

// Log drops a note.
func (v vitals) Log(tools.Level, any) {}

// A gate is what they talk to where the caller listens. The caller is called under the
// mutex that shut takes too: so nothing comes at once, and nothing after shut.
type gate struct {
	vitals

	mu      sync.Mutex // guards all below, and calls of the caller's functions
	open    bool
	log     *slog.Logger
	caller  context.Context // done when the caller wants to hear no more
	meter   meter
	pace    pacer
	timer   *time.Timer // nil until a value first had to wait
	armed   bool
	sent    time.Duration // when something went out last, after the call came
	notes   pacer
	dropped int64 // notes
}

// unlock opens the gate, where a heartbeat may have knocked already.
func (g *gate) unlock(ctx context.Context, log *slog.Logger) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.log, g.caller, g.open = log, ctx, true
}

// Of progress at most 20 go out in any second: 9 at once, 10 a second, and the last
// value when the call ends. Of notes at most 1000: 500 at once, 500 a second.
const (
	progressBurst = 9
	progressEvery = time.Second / 10
	notesBurst    = 500
	notesEvery    = time.Second / 500
)

// Report takes a report of progress.
func (g *gate) Report(p tools.Progress) {
	now := g.x.age()
	g.x.heard.Store(int64(now))
	if g.x.Request.OnProgress == nil || !usable(p) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listening() && g.meter.take(p) {
		g.pump(now)
	}
}

// Log takes a note.
func (g *gate) Log(level tools.Level, data any) {
	if g.x.Request.OnLog == nil {
		return
	}
	now := g.x.age()
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case !g.listening():
	case g.notes.wait(now, notesBurst, notesEvery) > 0:
		g.dropped++
	default:
		g.notes.spend(now, notesEvery)
		g.guarded(func() { g.x.Request.OnLog(level, data) })
	}
}

// listening reports whether anything may go out.
func (g *gate) listening() bool { return g.open && g.caller.Err() == nil }

// pump sends what is to be sent, or sees to it that a timer does. The caller holds
// g.mu.
func (g *gate) pump(now time.Duration) {
	wait := g.pace.wait(now, progressBurst, progressEvery)
	switch {
	case wait <= 0:
		g.pace.spend(now, progressEvery)
		g.sent = now
		g.send()
	case g.timer == nil:
		g.armed = true
		g.timer = time.AfterFunc(wait, g.tick)
	case !g.armed:
		g.armed = true
		g.timer.Reset(wait)
	}
}

func (g *gate) tick() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.armed = false
	if g.listening() && g.meter.changed {
		g.pump(g.x.age())
	}
}

func (g *gate) send() {
	g.guarded(func() { g.x.Request.OnProgress(g.meter.read()) })
}

// guarded calls a function of the caller's. One that panics is not called again: it
// may run on a timer's goroutine, where a panic would end the process.
func (g *gate) guarded(call func()) {
	defer func() {
		if value := recover(); value != nil {
			g.open = false
			g.x.logPanic(context.Background(), g.log, value)
		}
	}()
	call()
}

// shut ends it all; a value that waits goes out first.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listening() && g.meter.changed {
		g.send()
	}
	g.open = false
	if g.timer != nil {
		g.timer.Stop()
	}
	if g.dropped > 0 {
		g.x.note(func(r *Record) { r.NotesDropped = g.dropped })
	}
}
