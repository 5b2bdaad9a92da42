package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// A sample is what one measurement of one server gave.
type sample struct {
	rate      float64       // calls per second
	p50, p99  time.Duration // of a call, as the client sees it
	cpu       time.Duration // of the server, per call
	clientCPU time.Duration // of the client, per call
	peak      float64       // memory of the server in bytes
	progress  float64       // notifications per call
	allocated allocated     // per call; of a counting server only
}

// hung is when a server is killed that makes no progress, so that its measurement fails.
const hung = 5 * time.Minute

// measure starts the server, warms it up, and measures it for a while.
func measure(ctx context.Context, s server, c comparison, length time.Duration) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, hung)
	defer cancel()
	r, err := s.start(ctx)
	if err != nil {
		return sample{}, err
	}
	return measureRunning(ctx, r, nil, c, length)
}

// measureAllocations does the same with the server that counts, and writes a profile of
// it where a path is given.
func measureAllocations(ctx context.Context, s server, c comparison, length time.Duration, profile string) (allocated, error) {
	ctx, cancel := context.WithTimeout(ctx, hung)
	defer cancel()
	r, counts, err := startCounting(ctx, s, "BENCH_PROFILE="+profile)
	if err != nil {
		return allocated{}, err
	}
	defer counts.close()
	got, err := measureRunning(ctx, r, counts, c, length)
	return got.allocated, err
}

func measureRunning(ctx context.Context, r *running, counts *counter, c comparison, length time.Duration) (sample, error) {
	clients, err := connect(ctx, r, c)
	if err != nil {
		return sample{}, errors.Join(err, r.kill())
	}
	w := &watch{running: r, clients: clients, counts: counts}
	err = w.drive(length)
	if stopErr := r.stop(); err == nil {
		err = stopErr
	}
	if err != nil {
		return sample{}, fmt.Errorf("%w; stderr: %s", err, r.stderr)
	}
	return w.sample(), nil
}

// connect opens the links of a comparison. All clients share the switch.
func connect(ctx context.Context, r *running, c comparison) ([]*client, error) {
	measured := &atomic.Bool{}
	if !r.socket {
		l, err := r.open(ctx)
		return []*client{newClient(l, c.load, c.inFlight, measured)}, err
	}
	at, err := r.target()
	if err != nil {
		return nil, err
	}
	var clients []*client
	for i := range c.clients {
		s, err := at.open(ctx, i)
		if err != nil {
			return nil, err
		}
		clients = append(clients, newClient(s, c.load, c.inFlight, measured))
	}
	return clients, nil
}
