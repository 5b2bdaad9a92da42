package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-dev/sluice/bench/page"
)

const toSluice = "to Sluice"

// A column of a table of results.
type column struct {
	head string
	cell func(r, ours *result) string // ours is Sluice's in the same comparison
}

var columns = []column{
	{"server", func(r, _ *result) string { return r.server }},
	{"calls/s", func(r, _ *result) string {
		return page.Grouped(int(r.median(func(s sample) float64 { return s.rate })))
	}},
	{"CPU per call", func(r, _ *result) string { return duration(r.median(cpuOf)) + spread(r.values(cpuOf)) }},
	{toSluice, func(r, ours *result) string {
		if ours == nil {
			return ""
		}
		return times(ratio(r.values(cpuOf), ours.values(cpuOf)))
	}},
	{"p50", func(r, _ *result) string { return duration(r.median(func(s sample) float64 { return float64(s.p50) })) }},
	{"p99", func(r, _ *result) string { return duration(r.median(func(s sample) float64 { return float64(s.p99) })) }},
	{"peak memory", func(r, _ *result) string { return mib(r.median(func(s sample) float64 { return s.peak })) }},
	{"allocations", func(r, _ *result) string { return strconv.FormatFloat(r.allocated.objects, 'f', 0, 64) }},
	{"allocated", func(r, _ *result) string { return kib(r.allocated.bytes) }},
	{"client's CPU", func(r, _ *result) string { return duration(r.median(clientCPUOf)) }},
}

var reports = column{"reports per call", func(r, _ *result) string {
	return fmt.Sprintf("%.1f", r.median(func(s sample) float64 { return s.progress }))
}}

func clientCPUOf(s sample) float64 { return float64(s.clientCPU) }

// table writes results as a Markdown table. The name of a comparison stands once.
func table(results []*result, columns []column) string {
	rows := [][]string{{"case"}}
	for _, c := range columns {
		rows[0] = append(rows[0], c.head)
	}
	last := ""
	for _, r := range results {
		row := []string{""}
		if r.comparison.name != last {
			last, row[0] = r.comparison.name, r.comparison.title()
		}
		for _, c := range columns {
			row = append(row, c.cell(r, find(results, r.comparison.name, sluice)))
		}
		rows = append(rows, row)
	}
	return page.Table(rows, "ll"+strings.Repeat("r", len(columns)-1))
}

// title says what a comparison is, in words.
func (c comparison) title() string {
	transport, _, _ := strings.Cut(c.name, "/")
	what := sizeName(c.size)
	if c.load.progress {
		what = "100 reports"
	}
	switch {
	case c.name == connections(1):
		return fmt.Sprintf("%s, %s, 1 in flight", transport, what)
	case c.name == connections(c.clients):
		return fmt.Sprintf("%s, %s, 1 in flight on each of %s connections", transport, what, page.Grouped(c.clients))
	}
	return fmt.Sprintf("%s, %s, %d in flight", transport, what, c.inFlight)
}

// budgetTable writes the budgets.
func budgetTable(budgets []budget) string {
	rows := [][]string{{"budget", "limit", "measured", "", "note"}}
	for _, b := range budgets {
		if b.err != nil {
			rows = append(rows, []string{b.what, "", "", b.verdict(), strings.Join(strings.Fields(b.err.Error()), " ")})
			continue
		}
		rows = append(rows, []string{b.what, b.bound(), b.unit(b.value), "**" + b.verdict() + "**", b.note})
	}
	return page.Table(rows, "lrrll")
}

// duration writes nanoseconds with three figures.
func duration(nanoseconds float64) string {
	switch {
	case nanoseconds >= 1e9:
		return fmt.Sprintf("%.3g s", nanoseconds/1e9)
	case nanoseconds >= 999.5e3:
		return fmt.Sprintf("%.3g ms", nanoseconds/1e6)
	}
	return fmt.Sprintf("%.3g µs", nanoseconds/1e3)
}

// spread says how far the rounds lie apart; nothing of one round.
func spread(values []float64) string {
	middle := median(values)
	if len(values) < 2 || middle == 0 {
		return ""
	}
	return fmt.Sprintf(" ±%.0f%%", 50*(slices.Max(values)-slices.Min(values))/middle)
}

// mebibytes writes a series.
func mebibytes(series []float64) string {
	var words []string
	for _, v := range series {
		words = append(words, fmt.Sprintf("%.1f", v/(1<<20)))
	}
	return strings.Join(words, " ")
}
