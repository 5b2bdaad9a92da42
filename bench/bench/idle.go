package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/bench/page"
)

// A server is given this long to come to rest before its memory is read, when it gives
// back what it does not need: it looks every 5 s whether it is.
const settle = 13 * time.Second

// idleProcess reads the memory of processes that have served one call, and sees that they
// serve another.
func idleProcess(ctx context.Context, f *fleet, _ options) ([]budget, error) {
	servers := []server{of(f.stdio, sluice), of(f.socket, sluice)}
	budgets := make([]budget, len(servers))
	err := each(len(servers), len(servers), func(i int) error {
		r, err := servers[i].start(ctx)
		if err != nil {
			return err
		}
		soon, rested, err := rssBetweenCalls(ctx, r)
		budgets[i] = budget{
			what: "Memory of an idle process, sluice " + servers[i].args[0], value: rested, limit: 20 << 20, unit: mib,
			note: fmt.Sprintf("resident, %v after one call; %s right after it", settle, mib(soon)),
		}
		return errors.Join(err, r.kill())
	})
	return budgets, err
}

func rssBetweenCalls(ctx context.Context, r *running) (soon, rested float64, err error) {
	l, err := r.open(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer l.close()
	if err := call(l, echo(64), 1); err != nil {
		return 0, 0, err
	}
	if soon, err = r.rss(); err != nil {
		return 0, 0, err
	}
	time.Sleep(settle)
	if rested, err = r.rss(); err != nil {
		return 0, 0, err
	}
	return soon, rested, call(l, echo(64), 2)
}

// idleConnections reads how the memory of a server grows by connections whose session
// is open and who do nothing but answer its pings.
func idleConnections(ctx context.Context, f *fleet, _ options) ([]budget, error) {
	const n = 10_000 // in a quick run too: of a few each would seem to take more
	r, err := of(f.socket, sluice).start(ctx)
	if err != nil {
		return nil, err
	}
	each, err := memoryOfEach(ctx, r, n)
	if err = errors.Join(err, r.kill()); err != nil {
		return nil, err
	}
	return []budget{{
		what: "Memory of each idle WebSocket connection", value: each, limit: 20 << 10, unit: kib,
		note: fmt.Sprintf("%s connections with an open session; growth of the resident memory of the server alone", page.Grouped(n)),
	}}, nil
}

func memoryOfEach(ctx context.Context, r *running, n int) (float64, error) {
	at, err := r.target()
	if err != nil {
		return 0, err
	}
	warm, err := at.open(ctx, 0)
	if err != nil {
		return 0, err
	}
	warm.close()
	time.Sleep(settle)
	before, err := r.rss()
	if err != nil {
		return 0, err
	}
	idle, err := at.crowd(ctx, n)
	defer idle.leave()
	if err != nil {
		return 0, err
	}
	time.Sleep(settle)
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
