package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// The starter config's bounds, and calls that fill them for longer than it is measured.
const (
	slots  = 64
	places = 1024
)

var filler = countdown(600, 25) // 15 s, 40 reports a second

// pingWhenFull times pings over stdio and WebSocket, on the connection whose calls fill
// the server.
func pingWhenFull(ctx context.Context, f *fleet, o options) (budgets []budget, failed error) {
	for _, s := range []server{of(f.stdio, sluice), of(f.socket, sluice)} {
		over := "stdio"
		if s.socket {
			over = "WebSocket"
		}
		r, err := s.start(ctx)
		if err != nil {
			return budgets, err
		}
		pings, err := pingFull(ctx, r, min(2*o.length, 4*time.Second))
		if err = errors.Join(err, r.kill()); err != nil {
			return budgets, fmt.Errorf("%s: %w", over, err)
		}
		slices.Sort(pings)
		budgets = append(budgets, budget{
			what: "p99 of a ping, every slot busy and the queue full, " + over, value: float64(quantile(pings, 0.99)), limit: 5e6, unit: milliseconds,
			note: fmt.Sprintf("%d pings, p50 %s; the busy calls report progress meanwhile", len(pings), milliseconds(float64(quantile(pings, 0.5)))),
		})
	}
	return budgets, nil
}

func pingFull(ctx context.Context, r *running, length time.Duration) ([]time.Duration, error) {
	l, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	defer l.close()
	id := 1
	for ; id <= slots+places; id++ {
		if err := l.write(filler.append(nil, id)); err != nil {
			return nil, err
		}
	}
	if err := refused(l, id); err != nil {
		return nil, err
	}
	var pings []time.Duration
	for end := time.Now().Add(length); time.Now().Before(end); time.Sleep(time.Millisecond) {
		id++
		sent := time.Now()
		if err := l.write(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%d,"method":"ping"}`+"\n", id)); err != nil {
			return nil, err
		}
		if _, err := await(l, id); err != nil {
			return nil, err
		}
		pings = append(pings, time.Since(sent))
	}
	id++
	return pings, refused(l, id) // it is full to the end
}

// refused sends one more call and sees that one finds no place. It need not be that one:
// calls come to the queue as their goroutines run.
func refused(l link, id int) error {
	if err := l.write(filler.append(nil, id)); err != nil {
		return err
	}
	for {
		got, err := l.read()
		switch {
		case err != nil:
			return err
		case isNotification(got):
		case bytes.Contains(got, []byte(`"overloaded"`)):
			return nil
		default:
			return fmt.Errorf("the server is not full: %.300s", got)
		}
	}
}
