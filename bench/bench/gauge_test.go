package main

import (
	"os"
	"testing"
	"time"
)

func TestHighWater(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]float64{
		"Name:\tx\nVmPeak:\t  999 kB\nVmHWM:\t    1234 kB\nVmRSS:\t 1000 kB\n": 1234 * 1024,
		"VmHWM:\t 5 pages\n": 0,
		"Name:\tkthread\n":   0,
		"":                   0,
	} {
		if got := highWater([]byte(status)); got != want {
			t.Errorf("%q: %v, want %v", status, got, want)
		}
	}
}

// TestGauge measures this process: it has memory, and uses a processor when it works.
func TestGauge(t *testing.T) {
	t.Parallel()
	g, err := newGauge(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	before, err := g.cpu()
	if err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); time.Since(start) < 100*time.Millisecond; {
	}
	after, err := g.cpu()
	if used := after - before; err != nil || used <= 0 {
		t.Errorf("100 ms of work took %v of a processor, %v", used, err)
	}
	rss, err := g.rss()
	if err != nil || rss < 1<<20 {
		t.Errorf("%v bytes are resident, %v", rss, err)
	}
	if peak, err := g.peak(); err != nil || peak < rss {
		t.Errorf("the peak is %v, %v, and %v are resident", peak, err, rss)
	}
}

func TestParseAllocated(t *testing.T) {
	t.Parallel()
	if got, err := parseAllocated("12 3456\n"); err != nil || got != (allocated{12, 3456}) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := parseAllocated("what?\n"); err == nil {
		t.Error("nonsense was taken")
	}
}
