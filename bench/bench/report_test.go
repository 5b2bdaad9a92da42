package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/bench/page"
)

// made returns results as a run of two rounds would give them, each server half as
// fast as the one before.
func made() (results []*result) {
	for _, c := range comparisons(anyFleet()) {
		for i, s := range c.servers {
			cpu := time.Duration(c.size+100) * time.Microsecond << i
			one := sample{rate: 1e5, p50: cpu, p99: 2 * cpu, cpu: cpu, clientCPU: cpu / 2, peak: 20 << 20, progress: 10}
			results = append(results, &result{comparison: c, server: s.name, samples: []sample{one, one}})
		}
	}
	return results
}

// anyFleet is of programs that are not there.
func anyFleet() *fleet {
	f := &fleet{}
	for _, name := range []string{syncFloor, goFloor, sluice, mcpGo, goSDK} {
		f.stdio = append(f.stdio, server{name: name})
	}
	for _, name := range []string{wsFloor, sluice} {
		f.socket = append(f.socket, server{name: name, socket: true})
	}
	return f
}

// TestRelations sees every budget find what it compares.
func TestRelations(t *testing.T) {
	t.Parallel()
	budgets := relate(made())
	if len(budgets) != len(relations) {
		t.Fatalf("%d budgets of %d", len(budgets), len(relations))
	}
	if first := budgets[0]; first.value != 2 || first.verdict() != "met" {
		t.Errorf("%s is %v, %s; Sluice took twice the time of the floor before it", first.what, first.value, first.verdict())
	}
	if len(relate(nil)) != 0 {
		t.Error("budgets without results")
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		b           budget
		want, bound string
	}{
		{budget{value: 3, limit: 3, unit: times}, "met", "at most 3.00x"},
		{budget{value: 3.1, limit: 3, unit: times}, "missed", "at most 3.00x"},
		{budget{value: 2.5, limit: 2.5, atLeast: true, unit: times}, "met", "at least 2.50x"},
		{budget{value: 2.4, limit: 2.5, atLeast: true, unit: times}, "missed", "at least 2.50x"},
		{budget{value: 0, limit: 0, unit: count}, "met", "at most 0"},
		{budget{err: errors.New("no"), unit: mib, limit: 20 << 20}, "not measured", "at most 20.0 MiB"},
	} {
		if got := c.b.verdict(); got != c.want || c.b.bound() != c.bound {
			t.Errorf("%+v: %s, %s", c.b, got, c.b.bound())
		}
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "performance.md")
	if err := os.WriteFile(path, []byte("By hand.\n\n"+page.Begin+page.End+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &report{machine: []string{"a machine"}, results: made()}
	r.budgets = append(relate(r.results), memoryBudget("Memory", []float64{1 << 20, 2 << 20, 2 << 20, 2 << 20}, "call"),
		budget{what: "broken", err: errors.New("no\nport")})
	if err := r.write(folder); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"By hand.\n", "- a machine", "| not measured | no port |", "after every call: 1.0 2.0 2.0 2.0.",
		"| stdio, 64KiB, 16 in flight | floor | 100 000 |", "1 in flight on each of 1 000 connections", "| mcp-go | 10.0 |", "client took 50 to 50%",
	} {
		if !strings.Contains(string(text), part) {
			t.Errorf("the page has no %q", part)
		}
	}
	for _, plot := range []string{"stdio.svg", "websocket.svg", "connections.svg", "memory.svg"} {
		svg, err := os.ReadFile(filepath.Join(folder, "performance", plot))
		if err != nil || !strings.Contains(string(svg), "</svg>") || !strings.Contains(string(text), "(performance/"+plot+")") {
			t.Errorf("%s: %v, or it is not shown", plot, err)
		}
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		page.Grouped(0): "0", page.Grouped(999): "999", page.Grouped(1000): "1 000", page.Grouped(1234567): "1 234 567", page.Grouped(-1000): "-1 000",
		page.Grouped(-100): "-100",
		duration(950):      "0.95 µs", duration(12_340): "12.3 µs", duration(999_400): "999 µs", duration(4_321_000): "4.32 ms", duration(2.5e9): "2.5 s",
		spread([]float64{5}): "", spread([]float64{9, 10, 11}): " ±10%",
		sizeName(64): "64B", sizeName(4096): "4KiB", sizeName(1 << 20): "1MiB",
		page.Table([][]string{{"a", "b"}, {"x|y", "1"}}, "lr"): "| a | b |\n| --- | --: |\n| x\\|y | 1 |\n",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestParseBench(t *testing.T) {
	t.Parallel()
	out := []byte(`goos: linux
BenchmarkEngine-2         	  500000	       812.5 ns/op	     712 B/op	       8 allocs/op
BenchmarkEngine-2         	  500000	       900 ns/op	     712 B/op	       9 allocs/op
BenchmarkEngineParallel-2 	  500000	       1 ns/op	       0 B/op	       0 allocs/op
BenchmarkQueue/100000waiting/1callers/1tools-2         	  900000	      1500 ns/op
BenchmarkQueue/100000waiting/9callers/1tools           	  900000	      1700 ns/op
PASS
`)
	found := parseBench(out)
	if len(found) != 4 {
		t.Fatalf("found %v", found)
	}
	if b := found["BenchmarkEngine"]; len(b.nanoseconds) != 2 || median(b.nanoseconds) != 856.25 || median(b.allocations) != 8.5 {
		t.Errorf("the engine's are %v", b)
	}
	if b := found["BenchmarkQueue/100000waiting/9callers/1tools"]; len(b.nanoseconds) != 1 || b.nanoseconds[0] != 1700 || len(b.allocations) != 0 {
		t.Errorf("the queue's are %v", b)
	}
}
