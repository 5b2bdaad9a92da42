package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// settle is how long a server is left alone before its memory is read.
const settle = 10 * time.Second

// idleProcess reads the memory of processes that have served one call.
func idleProcess(ctx context.Context, f *fleet, o options) (budgets []budget, err error) {
	for _, s := range []server{of(f.stdio, sluice), of(f.socket, sluice)} {
		r, err := s.start(ctx)
		if err != nil {
			return budgets, err
		}
		rss, err := rssAfterCall(ctx, r, o.shorter(2*time.Second))
		if err = errors.Join(err, r.kill()); err != nil {
			return budgets, err
		}
		budgets = append(budgets, budget{
			what: "Memory of an idle process, sluice " + s.args[0], value: rss, limit: 20 << 20, unit: mib, note: "resident, after one call",
		})
	}
	return budgets, nil
}

func rssAfterCall(ctx context.Context, r *running, wait time.Duration) (float64, error) {
	l, err := r.open(ctx)
	if err != nil {
		return 0, err
	}
	defer l.close()
	if err := call(l, echo(64), 1); err != nil {
		return 0, err
	}
	time.Sleep(wait)
	return r.rss()
}

// idleConnections reads how the memory of a server grows by connections whose session
// is open and who do nothing but answer its pings.
func idleConnections(ctx context.Context, f *fleet, o options) ([]budget, error) {
	r, err := of(f.socket, sluice).start(ctx)
	if err != nil {
		return nil, err
	}
	const n = 10_000 // in a quick run too: of a few each would seem to take more
	each, err := memoryOfEach(ctx, r, n, o.shorter(settle))
	if err = errors.Join(err, r.kill()); err != nil {
		return nil, err
	}
	return []budget{{
		what: "Memory of each idle WebSocket connection", value: each, limit: 20 << 10, unit: kib,
		note: fmt.Sprintf("%s connections with an open session; growth of the resident memory of the server alone", grouped(n)),
	}}, nil
}

func memoryOfEach(ctx context.Context, r *running, n int, wait time.Duration) (float64, error) {
	at, err := r.target()
	if err != nil {
		return 0, err
	}
	warm, err := at.open(ctx, 0)
	if err != nil {
		return 0, err
	}
	err = call(warm, echo(64), 1)
	warm.close()
	if err != nil {
		return 0, err
	}
	time.Sleep(wait / 4)
	before, err := r.rss()
	if err != nil {
		return 0, err
	}
	idle, err := at.crowd(ctx, n)
	defer idle.leave()
	if err != nil {
		return 0, err
	}
	time.Sleep(wait)
	after, err := r.rss()
	if err == nil {
		err = idle.lost()
	}
	return (after - before) / float64(n), err
}

// A crowd is idle connections. Each reads, as only so are pings answered.
type crowd struct {
	links   []link
	reading sync.WaitGroup
	gone    chan error
}

// crowd opens n connections.
func (t target) crowd(ctx context.Context, n int) (*crowd, error) {
	c := &crowd{gone: make(chan error, n), links: make([]link, n)}
	err := each(cyclers, n, func(i int) error {
		s, err := t.open(ctx, i)
		if err != nil {
			return fmt.Errorf("connection %d: %w", i+1, err)
		}
		c.links[i] = s
		c.reading.Go(func() {
			_, err := s.read()
			c.gone <- err
		})
		return nil
	})
	return c, err
}

// lost says whether a connection has ended or heard anything.
func (c *crowd) lost() error {
	select {
	case err := <-c.gone:
		return fmt.Errorf("an idle connection did not last: %w", err)
	default:
		return nil
	}
}

func (c *crowd) leave() {
	for _, l := range c.links {
		if l != nil {
			l.close()
		}
	}
	c.reading.Wait()
}
