package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice-dev/sluice/bench/page"
)

// readings is how often the memory is read in a long run.
const readings = 20

// swollen is what memory may grow by over a long run, past its start, that does not leak:
// what the garbage collector's cycle adds or not.
const swollen = 1.1

// manyCalls reads the memory of a stdio server over 10^6 calls.
func manyCalls(ctx context.Context, f *fleet, o options) ([]budget, error) {
	n := o.count(1_000_000)
	r, err := of(f.stdio, sluice).start(ctx)
	if err != nil {
		return nil, err
	}
	series, err := rssOverCalls(ctx, r, n)
	if err = errors.Join(err, r.stop()); err != nil {
		return nil, err
	}
	return []budget{memoryBudget(fmt.Sprintf("Memory over %s calls", page.Grouped(n)), series, page.Grouped(n/readings)+" calls")}, nil
}

func memoryBudget(what string, series []float64, every string) budget {
	return budget{
		what: what + ", last quarter to second", value: growth(series), limit: swollen, unit: times,
		note: fmt.Sprintf("resident; %s at the end", mib(series[len(series)-1])), series: series, every: every,
	}
}

func rssOverCalls(ctx context.Context, r *running, n int) (series []float64, err error) {
	l, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	for part := range readings {
		if err := exchange(l, echo(64), part*n, n/readings); err != nil {
			return nil, err
		}
		rss, err := r.rss()
		if err != nil {
			return nil, err
		}
		series = append(series, rss)
	}
	return series, nil
}

// batch is how many calls exchange has in flight. So many are fewer bytes than a pipe
// holds.
const batch = 50

// exchange makes calls with the ids that follow first, a batch at a time.
func exchange(l link, what load, first, n int) error {
	var messages []byte
	for done := 0; done < n; done += batch {
		messages = messages[:0]
		for i := range batch {
			messages = what.append(messages, first+done+i+1)
		}
		if err := l.write(messages); err != nil {
			return err
		}
		for range batch {
			message, err := l.read()
			if err != nil {
				return err
			}
			if _, err := what.check(message); err != nil {
				return err
			}
		}
	}
	return nil
}

// cyclers is how many connect and close at once.
const cyclers = 16

// manyCycles reads the memory of a WebSocket server over 10^5 connections that open a
// session, call once and close in order.
func manyCycles(ctx context.Context, f *fleet, o options) ([]budget, error) {
	n := o.count(100_000)
	r, err := of(f.socket, sluice).start(ctx)
	if err != nil {
		return nil, err
	}
	series, err := rssOverCycles(ctx, r, n)
	if err = errors.Join(err, r.stop()); err != nil {
		return nil, err
	}
	return []budget{memoryBudget(fmt.Sprintf("Memory over %s connections", page.Grouped(n)), series, page.Grouped(n/readings)+" connections")}, nil
}

func rssOverCycles(ctx context.Context, r *running, n int) (series []float64, err error) {
	at, err := r.target()
	if err != nil {
		return nil, err
	}
	for part := range readings {
		err := each(cyclers, n/readings, func(i int) error { return cycle(ctx, at, part*n/readings+i) })
		if err != nil {
			return nil, err
		}
		rss, err := r.rss()
		if err != nil {
			return nil, err
		}
		series = append(series, rss)
	}
	return series, nil
}

// cycle connects, calls and closes.
func cycle(ctx context.Context, at target, i int) error {
	s, err := at.open(ctx, i)
	if err != nil {
		return err
	}
	if err := call(s, say(fmt.Sprintf("connection %d", i)), i+1); err != nil {
		s.close()
		return err
	}
	return s.leave()
}
