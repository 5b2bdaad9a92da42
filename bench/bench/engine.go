package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// engineAlone runs the benchmarks of the engine and of its queue in process, as go test
// does.
func engineAlone(ctx context.Context, _ *fleet, o options) ([]budget, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "./executor", "-run", "^$", "-count", strconv.Itoa(o.rounds), "-benchtime", "0.5s",
		"-bench", "^BenchmarkEngine$|^BenchmarkQueue$/^100000waiting$")
	cmd.Dir = o.sluice
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	found := parseBench(out)
	engine, slowest := found["BenchmarkEngine"], 0.0
	for name, b := range found {
		if strings.HasPrefix(name, "BenchmarkQueue/") {
			slowest = max(slowest, median(b.nanoseconds))
		}
	}
	if engine == nil || slowest == 0 {
		return nil, errors.New("go test has not run the benchmarks")
	}
	return []budget{
		{what: "Time of a call in the engine alone", value: median(engine.nanoseconds), limit: 1000, unit: microseconds, note: "in process, validation left out"},
		{what: "Allocations of a call in the engine alone", value: median(engine.allocations), limit: 8, unit: count},
		{what: "Time to admit or hand on with 100 000 waiting", value: slowest, limit: 2000, unit: microseconds,
			note: "in process; the slowest of some numbers of callers and tools"},
	}, nil
}

// benchmarks are the figures of all runs of one.
type benchmarks struct{ nanoseconds, allocations []float64 }

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
