package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// In a batch of some milliseconds a call costs what it costs, if nobody interferes; so of
// many batches the least counts. (In the other comparisons the system counts the time of a
// process, and a client is part of what is measured.)
var batches = []string{"-benchtime", "3000x", "-count", "30"}

// engineAlone runs the benchmarks of the engine and of its queue in process, as go test
// does but compiled as the command is, in turns with that of another library's policies.
func engineAlone(ctx context.Context, _ *fleet, o options) ([]budget, error) {
	found := map[string]*benchmarks{}
	profile, err := filepath.Abs(filepath.Join(o.sluice, "cmd", "sluice", "default.pgo"))
	if err != nil {
		return nil, err
	}
	for range o.rounds {
		ours := goBench(ctx, o.sluice, profile, "./executor", "^BenchmarkEngine(Execute)?$", found, batches...)
		theirs := goBench(ctx, filepath.Join(o.sluice, "bench"), "off", "./policies", "^BenchmarkFailsafe$", found, batches...)
		queue := goBench(ctx, o.sluice, profile, "./executor", "^BenchmarkQueue$/^100000waiting$", found, "-benchtime", "0.5s")
		if err := errors.Join(ours, theirs, queue); err != nil {
			return nil, err
		}
	}
	engine, execute, peer, slowest := found["BenchmarkEngine"], found["BenchmarkEngineExecute"], found["BenchmarkFailsafe"], 0.0
	for name, b := range found {
		if strings.HasPrefix(name, "BenchmarkQueue/") {
			slowest = max(slowest, median(b.nanoseconds))
		}
	}
	if engine == nil || execute == nil || peer == nil || slowest == 0 {
		return nil, errors.New("go test has not run the benchmarks")
	}
	beside := func(execute, theirs float64, unit unit) string {
		return fmt.Sprintf("in process, validation left out, as the server runs calls; %s where the goroutine of the caller waits for that of the tool; four policies of failsafe-go: %s",
			unit(execute), unit(theirs))
	}
	least, theirs := slices.Min(engine.nanoseconds), slices.Min(peer.nanoseconds)
	return []budget{
		{what: "Time of a call in the engine alone", value: least, limit: 1000, unit: microseconds,
			note: fmt.Sprintf("%s; the least of %d batches of 3000 calls each, where the median is %s and %s",
				beside(slices.Min(execute.nanoseconds), theirs, microseconds), len(engine.nanoseconds), microseconds(median(engine.nanoseconds)), microseconds(median(peer.nanoseconds)))},
		{what: "Time of a call in the engine alone, to four policies of failsafe-go", value: least / theirs, limit: 1.0 / 1.5, unit: times,
			note: "these took 1.5 µs on the machine that the 1 µs were asked for on"},
		{what: "Allocations of a call in the engine alone", value: median(engine.allocations), limit: 8, unit: count, note: beside(median(execute.allocations), median(peer.allocations), count)},
		{what: "Time to admit or hand on with 100 000 waiting", value: slowest, limit: 2000, unit: microseconds,
			note: "in process; the slowest of some numbers of callers and tools"},
	}, nil
}

// goBench runs the benchmarks of a package once, compiled with a profile, and adds their
// figures to found.
func goBench(ctx context.Context, module, profile, pkg, pattern string, found map[string]*benchmarks, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-pgo", profile, pkg, "-run", "^$", "-bench", pattern}, args...)...)
	cmd.Dir = module
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	for name, b := range parseBench(out) {
		if found[name] == nil {
			found[name] = &benchmarks{}
		}
		found[name].add(b)
	}
	return nil
}

// benchmarks are the figures of all runs of one.
type benchmarks struct{ nanoseconds, allocations []float64 }

func (b *benchmarks) add(other *benchmarks) {
	b.nanoseconds = append(b.nanoseconds, other.nanoseconds...)
	b.allocations = append(b.allocations, other.allocations...)
}

// A line has the name, the number of processors unless it is 1, and the figures.
var benchLine = regexp.MustCompile(`(?m)^(Benchmark\S+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op(?:.*\s(\d+) allocs/op)?.*$`)

// parseBench reads what go test prints, by the names of the benchmarks.
func parseBench(out []byte) map[string]*benchmarks {
	found := map[string]*benchmarks{}
	for _, m := range benchLine.FindAllSubmatch(out, -1) {
		b := found[string(m[1])]
		if b == nil {
			b = &benchmarks{}
			found[string(m[1])] = b
		}
		b.nanoseconds = append(b.nanoseconds, number(m[2]))
		if len(m[3]) > 0 {
			b.allocations = append(b.allocations, number(m[3]))
		}
	}
	return found
}

func number(text []byte) float64 {
	n, _ := strconv.ParseFloat(string(text), 64) // of digits and a point
	return n
}
