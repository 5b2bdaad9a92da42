package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/bench/page"
)

// A report is what a run has shown.
type report struct {
	options
	machine              string // what else it did before
	took                 time.Duration
	start, baseline, end vitals
	seen                 []vitals
	ledger               *ledger
	stopped              time.Duration
	survivors            int
}

// A measure is one of the vitals, with what it may rise by over the baseline.
type measure struct {
	name  string
	of    func(vitals) float64
	write func(float64) string
	slack func(baseline float64) float64
}

func exactly(float64) float64 { return 0 }

func number(v float64) string { return page.Grouped(int(v)) }

func mebibytes(v float64) string { return fmt.Sprintf("%.1f MiB", v/(1<<20)) }

var measures = []measure{
	{"Go heap, collected", func(v vitals) float64 { return v.heap }, mebibytes, func(float64) float64 { return 2 << 20 }},
	{"goroutines", func(v vitals) float64 { return v.goroutines }, number, exactly},
	{"open files", func(v vitals) float64 { return v.files }, number, exactly},
	{"processes of tools and servers", func(v vitals) float64 { return v.processes }, number, exactly},
	{"handlers abandoned", func(v vitals) float64 { return v.abandoned }, number, exactly},
	{"calls in flight", func(v vitals) float64 { return v.inFlight }, number, exactly},
	{"WebSocket connections", func(v vitals) float64 { return v.sockets }, number, exactly},
	{"resident memory", func(v vitals) float64 { return v.resident }, mebibytes, func(b float64) float64 { return b / 2 }},
}

// risen says what is more than the baseline allows.
func (r *report) risen(v vitals) (all []string) {
	for _, m := range measures {
		if base := m.of(r.baseline); m.of(v) > base+m.slack(base) {
			all = append(all, fmt.Sprintf("%s: %s, %s before", m.name, m.write(m.of(v)), m.write(base)))
		}
	}
	if v.processes < r.baseline.processes {
		all = append(all, fmt.Sprintf("a server is not connected: %v of %v processes", v.processes, r.baseline.processes))
	}
	return all
}

// failed is all that was not as it should be; nil where everything was.
func (r *report) failed() error {
	var all []string
	all = append(all, r.risen(r.end)...)
	if n := total(r.ledger.faults); n > 0 {
		all = append(all, fmt.Sprintf("%d faults: %s\n  %s", n, list(r.ledger.faults), strings.Join(r.ledger.examples, "\n  ")))
	}
	if r.survivors > 0 {
		all = append(all, fmt.Sprintf("%d processes outlived the server", r.survivors))
	}
	if r.ledger.served == 0 || len(r.seen) == 0 {
		all = append(all, "nothing was served")
	}
	if all == nil {
		return nil
	}
	return errors.New("not as it should be:\n" + strings.Join(all, "\n"))
}

// text is the report in Markdown.
func (r *report) text() string {
	parts := []string{
		fmt.Sprintf("- %s\n- %s; seed %d, %v of load after %v to warm up", page.Machine(), r.machine, r.seed, r.length, r.warmUp()),
		strings.TrimSpace(page.Table(r.vitals(), "lrrrrrl")),
		strings.TrimSpace(page.Table(r.events(), "lr")),
		"Resident memory in MiB, over the run: " + r.series() + ".",
	}
	return strings.Join(parts, "\n\n")
}

func (r *report) vitals() [][]string {
	rows := [][]string{{"what the process holds", "at start", "baseline", "most under load", "at the end", "may rise by", ""}}
	for _, m := range measures {
		most := 0.0
		for _, v := range r.seen {
			most = max(most, m.of(v))
		}
		base, verdict := m.of(r.baseline), "**met**"
		if m.of(r.end) > base+m.slack(base) {
			verdict = "**missed**"
		}
		rows = append(rows, []string{m.name, m.write(m.of(r.start)), m.write(base), m.write(most), m.write(m.of(r.end)), m.write(m.slack(base)), verdict})
	}
	return rows
}

func (r *report) events() [][]string {
	l := r.ledger
	rate := func(n int) string { return fmt.Sprintf("%s (%.0f/s)", page.Grouped(n), float64(n)/r.took.Seconds()) }
	lost, mixed, others := l.faults["lost"], l.faults["mixed up"], maps.Clone(l.faults)
	delete(others, "lost")
	delete(others, "mixed up")
	rows := [][]string{
		{"what happened", "times"},
		{"calls sent", rate(l.sent)},
		{"served: the goodput", rate(l.served)},
		{named("failed or refused, as they should be or for want of room", l.failed), number(float64(total(l.failed)))},
		{named("of those, of tools with nothing wrong", l.unserved), number(float64(total(l.unserved)))},
		{"taken back by their clients", number(float64(l.cancelled))},
		{"left behind by clients that went", number(float64(l.left))},
		{"**lost**: no answer on a connection that stood", fmt.Sprintf("**%d**", lost)},
		{"**mixed up**: with what belongs to another call, or answered twice", fmt.Sprintf("**%d**", mixed)},
		{named("other faults", others), number(float64(total(others)))},
		{"processes that outlived the server", fmt.Sprintf("**%d**", r.survivors)},
		{"breaks in the audit log, as `sluice audit verify` finds them", number(float64(l.faults["the audit log"]))},
		{"the server's own end", r.stopped.Round(time.Millisecond).String()},
		{"processor time of the server itself, its programs left out", fmt.Sprintf("%.0f s", r.end.processor-r.baseline.processor)},
		{"served within, for 50 and 99 of 100", fmt.Sprintf("%v, %v", round(quantile(l.latencies, 0.5)), round(quantile(l.latencies, 0.99)))},
		{"a ping answered within, for 50 and 99 of 100", fmt.Sprintf("%v, %v", round(quantile(l.pings, 0.5)), round(quantile(l.pings, 0.99)))},
	}
	rows = append(rows, []string{"the longest scrape of metrics", round(l.scrape).String()})
	names := make([]string, 0, len(l.counts))
	for name := range l.counts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		rows = append(rows, []string{name, number(float64(l.counts[name]))})
	}
	return rows
}

// named adds to a text what it counts, where there is anything.
func named(text string, counts map[string]int) string {
	if len(counts) > 0 {
		text += ": " + list(counts)
	}
	return text
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// points is how many figures a series has.
const points = 20

func (r *report) series() string {
	var words []string
	for i := range min(points, len(r.seen)) {
		at := i * (len(r.seen) - 1) / max(1, min(points, len(r.seen))-1)
		words = append(words, fmt.Sprintf("%.0f", r.seen[at].resident/(1<<20)))
	}
	return strings.Join(words, " ")
}
