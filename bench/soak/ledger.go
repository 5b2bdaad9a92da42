package main

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// A ledger says what became of every call. It is safe for concurrent use.
type ledger struct {
	mu        sync.Mutex // guards what follows
	sent      int
	served    int            // answered with what was asked for
	failed    map[string]int // answered with a failure or a refusal, by kind
	unserved  map[string]int // of those, calls of tools with nothing wrong
	cancelled int
	left      int // in flight when their client left
	counts    map[string]int
	faults    map[string]int // what must not be
	examples  []string       // of faults
	latencies []time.Duration
	pings     []time.Duration
	scrape    time.Duration // the longest
}

func newLedger() *ledger {
	return &ledger{failed: map[string]int{}, unserved: map[string]int{}, counts: map[string]int{}, faults: map[string]int{}}
}

// mostCalls ends a run, however long it is to last.
const mostCalls = 50_000_000

// mostTimes is how many latencies are kept, of the first calls.
const mostTimes = 1_000_000

func (l *ledger) with(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

func (l *ledger) send() { l.with(func() { l.sent++ }) }

func (l *ledger) full() (yes bool) {
	l.with(func() { yes = l.sent >= mostCalls })
	return yes
}

// serve counts a call that was answered as it should be.
func (l *ledger) serve(took time.Duration) {
	l.with(func() {
		l.served++
		if len(l.latencies) < mostTimes {
			l.latencies = append(l.latencies, took)
		}
	})
}

// fail counts a call that was answered with a failure. Sound says that nothing was wrong
// with its tool.
func (l *ledger) fail(kind string, sound bool) {
	l.with(func() {
		l.failed[kind]++
		if sound {
			l.unserved[kind]++
		}
	})
}

func (l *ledger) count(what string) { l.with(func() { l.counts[what]++ }) }

// fault counts what must not be.
func (l *ledger) fault(what, format string, args ...any) {
	l.with(func() {
		l.faults[what]++
		if len(l.examples) < 20 {
			l.examples = append(l.examples, what+": "+fmt.Sprintf(format, args...))
		}
	})
}

// total sums counts.
func total(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// list writes counts, most first.
func list(counts map[string]int) string {
	text := ""
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if d := counts[b] - counts[a]; d != 0 {
			return d
		}
		return map[bool]int{true: -1, false: 1}[a < b]
	})
	for i, name := range names {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s %d", name, counts[name])
	}
	return text
}

// quantile returns what a share of the times keep to.
func quantile(times []time.Duration, share float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}
