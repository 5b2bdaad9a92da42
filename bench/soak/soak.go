package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/bench/page"
)

// A soaker is a run: a server, those who use it, and what became of it.
type soaker struct {
	options
	plan   *plan
	server *server
	ledger *ledger
	seen   []vitals // while it was loaded; written by the operator
}

// warmUp is how long the server is loaded before its baseline is taken.
func (o options) warmUp() time.Duration { return max(3*time.Second, min(o.length/10, 20*time.Second)) }

// calm is how long the server is left alone before its baseline is taken. Connections to
// endpoints are kept for half a minute.
func (o options) calm() time.Duration { return min(o.length/2, 35*time.Second) }

// soak runs the whole in dir. The error is of what could not be done; what the server
// did wrong is in the report.
func soak(ctx context.Context, o options, dir string) (*report, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &soaker{options: o, ledger: newLedger()}
	sluice, plan, err := o.build(ctx, dir)
	if err != nil {
		return nil, err
	}
	r.plan = plan
	if err := r.furnish(ctx); err != nil {
		return nil, err
	}
	if r.server, err = startServer(ctx, sluice, plan); err != nil {
		return nil, err
	}
	out := &report{options: o, machine: page.Loaded()}
	err = r.measure(ctx, out)
	if err == nil {
		err = ctx.Err()
	}
	if r.keep && err == nil && len(out.risen(out.end)) > 0 {
		r.server.dump()
	}
	took, ended := r.server.stop()
	if err != nil {
		return nil, errors.Join(err, ended, errors.New(r.server.logged()))
	}
	return out, r.conclude(out, took, ended)
}

// furnish makes what the config names.
func (r *soaker) furnish(ctx context.Context) (err error) {
	if r.plan.endpoint, err = startEndpoint(ctx); err != nil {
		return err
	}
	chance := r.source(0)
	for _, caller := range callers {
		if err := r.writeToken(caller, chance); err != nil {
			return err
		}
	}
	return r.plan.write(true)
}

// source is a source of chance of its own, by the seed.
func (r *soaker) source(n int) *rand.Rand { return rand.New(rand.NewPCG(r.seed, uint64(n))) }

// measure takes the vitals before, at the baseline, and after the load.
func (r *soaker) measure(ctx context.Context, out *report) (err error) {
	if out.start, err = r.settled(ctx, patience, r.connected); err != nil {
		return err
	}
	warm := *r
	warm.ledger = newLedger()
	warm.load(ctx, r.warmUp(), 1000)
	pause(ctx, r.calm())
	if out.baseline, err = r.settled(ctx, quiet, func(v vitals) bool { return r.connected(v) && v.idle() && v.processes == out.start.processes }); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "warmed up, with %d calls; now %v\n", warm.ledger.sent, r.length)
	begun := time.Now()
	r.load(ctx, r.length, 1)
	out.took, out.ledger, out.seen = time.Since(begun), r.ledger, r.seen
	out.end, err = r.settled(ctx, quiet, func(v vitals) bool { return len(out.risen(v)) == 0 })
	return err
}

// quiet is how long the server may take to be as it was: a server that crashed may be
// started anew after half a minute.
const quiet = 100 * time.Second

// connected reports whether the servers behind the tools run.
func (r *soaker) connected(v vitals) bool { return v.processes >= 3 }

// idle reports whether nothing is going on.
func (v vitals) idle() bool { return v.abandoned == 0 && v.inFlight == 0 && v.sockets == 0 }

// load has all clients and the operator at work for a time. Sources says where their
// chances begin.
func (r *soaker) load(ctx context.Context, length time.Duration, sources int) {
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	var working sync.WaitGroup
	n := sources
	for _, h := range habits {
		for i := range h.clients {
			n++
			c := &client{soaker: r, habit: h, name: fmt.Sprintf("%s-%d-%d", h.name, i+sources, 0), chance: r.source(n)}
			working.Go(func() { c.live(ctx) })
		}
	}
	o := &operator{soaker: r, chance: r.source(sources)}
	working.Go(func() { o.work(ctx) })
	working.Wait()
}

// conclude looks at how the server has ended, and what it left.
func (r *soaker) conclude(out *report, took time.Duration, ended error) error {
	if ended != nil {
		r.ledger.fault("the server", "it ended with %v: %s", ended, r.server.logged())
	}
	out.stopped = took
	if said, err := r.server.verifyAudit(); err != nil {
		r.ledger.fault("the audit log", "%v: %s", err, said)
	}
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		left, err := survivors(r.plan.dir)
		if out.survivors = left; err != nil || left == 0 || time.Now().After(end) {
			return err
		}
	}
}
