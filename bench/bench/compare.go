package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A comparison is one load on several servers.
type comparison struct {
	name     string
	servers  []server
	load     load
	size     int // of the text in bytes; 0 where there is none
	clients  int // connections
	inFlight int // on each
}

// A result is what was measured of one server in one comparison.
type result struct {
	comparison comparison
	server     string
	samples    []sample // one a round; those of a round were taken one after the other
	allocated  allocated
}

var sizes = []int{64, 4 << 10, 64 << 10, 1 << 20}

// comparisons returns all there are.
func comparisons(f *fleet) []comparison {
	var all []comparison
	for _, size := range sizes {
		all = append(all, comparison{"stdio/" + sizeName(size), f.stdio, echo(size), size, 1, 16})
	}
	for _, inFlight := range []int{1, 256} {
		all = append(all, comparison{fmt.Sprintf("stdio/64B/%d in flight", inFlight), f.stdio, echo(64), 64, 1, inFlight})
	}
	all = append(all, comparison{"stdio/progress", withoutFloors(f.stdio), countdown(100, 0), 0, 1, 16})
	for _, size := range []int{64, 64 << 10} {
		all = append(all, comparison{"proxy/" + sizeName(size), f.proxy, echo(size), size, 1, 16})
	}
	all = append(all, comparison{"proxy/64B/1 in flight", f.proxy, echo(64), 64, 1, 1})
	for _, size := range sizes {
		all = append(all, comparison{"websocket/" + sizeName(size), f.socket, echo(size), size, 1, 16})
	}
	all = append(all, comparison{"websocket/64B/256 in flight", f.socket, echo(64), 64, 1, 256})
	for _, clients := range []int{1, 64, 1000} {
		all = append(all, comparison{connections(clients), f.socket, echo(64), 64, clients, 1})
	}
	return append(all, comparison{"websocket/progress", withoutFloors(f.socket), countdown(100, 0), 0, 1, 16})
}

// connections names the comparison with so many, one call in flight on each.
func connections(n int) string { return fmt.Sprintf("websocket/64B/%d connections", n) }

// withoutFloors leaves out what cannot report progress.
func withoutFloors(servers []server) (rest []server) {
	for _, s := range servers {
		if !strings.Contains(s.name, syncFloor) {
			rest = append(rest, s)
		}
	}
	return rest
}

func sizeName(size int) string {
	switch {
	case size >= 1<<20:
		return fmt.Sprintf("%dMiB", size>>20)
	case size >= 1<<10:
		return fmt.Sprintf("%dKiB", size>>10)
	}
	return fmt.Sprintf("%dB", size)
}

// compare measures every comparison that is asked for.
func compare(ctx context.Context, f *fleet, o options) (results []*result, err error) {
	for _, c := range comparisons(f) {
		if !o.only.MatchString(c.name) {
			continue
		}
		of, err := measureRounds(ctx, c, o)
		if err != nil {
			return nil, err
		}
		results = append(results, of...)
	}
	return results, nil
}

// measureRounds measures the servers of a comparison in turns, so that what disturbs
// the machine disturbs all of them.
func measureRounds(ctx context.Context, c comparison, o options) ([]*result, error) {
	results := make([]*result, len(c.servers))
	for i, s := range c.servers {
		results[i] = &result{comparison: c, server: s.name}
	}
	for round := range o.rounds {
		for i, s := range c.servers {
			got, err := measure(ctx, s, c, o.length)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", c.name, s.name, err)
			}
			results[i].samples = append(results[i].samples, got)
			fmt.Fprintf(os.Stderr, "%-28s %-16s round %d: %8.0f calls/s, CPU %v a call\n", c.name, s.name, round+1, got.rate, got.cpu)
		}
	}
	for i, s := range c.servers {
		got, err := o.measureAllocations(ctx, s, c)
		if err != nil {
			return nil, fmt.Errorf("%s: allocations of %s: %w", c.name, s.name, err)
		}
		results[i].allocated = got
	}
	return results, nil
}

// measureAllocations counts for a short while, or for as long as all else is measured
// where there is to be a profile of it.
func (o options) measureAllocations(ctx context.Context, s server, c comparison) (allocated, error) {
	if o.profile == "" {
		return measureAllocations(ctx, s, c, min(o.length, time.Second/2), "")
	}
	name := strings.NewReplacer("/", "-", " ", "-").Replace(c.name + "-" + s.name + ".pprof")
	return measureAllocations(ctx, s, c, o.length, filepath.Join(o.profile, name))
}

// values returns one figure of each round.
func (r *result) values(of func(sample) float64) []float64 {
	var values []float64
	for _, s := range r.samples {
		values = append(values, of(s))
	}
	return values
}

func (r *result) median(of func(sample) float64) float64 { return median(r.values(of)) }

func cpuOf(s sample) float64 { return float64(s.cpu) }
