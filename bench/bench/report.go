package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/bench/page"
)

// A report is all that was measured.
type report struct {
	machine []string
	partial bool
	results []*result
	budgets []budget
}

// text is the report without plots.
func (r *report) text() string {
	return strings.Join(append(r.opening(), r.sections()...), "\n\n")
}

func (r *report) opening() []string {
	lines := []string{"- " + strings.Join(r.machine, "\n- ")}
	if r.partial {
		lines = append(lines, "**This was not a whole run: the figures are rough.**")
	}
	return lines
}

// sections are the tables with what there is to say to them.
func (r *report) sections() (all []string) {
	if len(r.budgets) > 0 {
		all = append(all, "## Budgets", strings.TrimSpace(budgetTable(r.budgets)))
	}
	for _, b := range r.budgets {
		if len(b.series) > 0 {
			all = append(all, fmt.Sprintf("%s, in MiB after every %s: %s.", b.what, b.every, mebibytes(b.series)))
		}
	}
	plain, progress, proxy := r.split()
	if len(plain) > 0 {
		all = append(all, "## Side by side", r.remark(), strings.TrimSpace(table(plain, columns)))
	}
	if len(progress) > 0 {
		all = append(all, "With progress, each call makes 100 reports. "+coalescing,
			strings.TrimSpace(table(progress, append([]column{columns[0], reports}, columns[1:]...))))
	}
	if len(proxy) > 0 {
		alone := slices.Clone(columns)
		alone = slices.DeleteFunc(alone, func(c column) bool { return c.head == toSluice })
		all = append(all, "## In front of another server", inFront, strings.TrimSpace(table(proxy, alone)))
	}
	return all
}

const coalescing = "Sluice sends the latest when the connection has room, rather than each (progress is coalesced by design, so that a slow\n" +
	"reader never slows a tool): compare the processor time with the number of reports that came."

const inFront = "One server of mcp-go as it is, behind Sluice with every policy off that can be, and behind Sluice with limits, rates, breaker,\n" +
	"history and audit log, but no cache. CPU and memory of the last two are Sluice's alone: the server's own come on top, and are in\n" +
	"calls/s, p50 and p99."

func (r *report) split() (plain, progress, proxy []*result) {
	for _, one := range r.results {
		if strings.HasPrefix(one.comparison.name, "proxy/") {
			proxy = append(proxy, one)
		} else if one.comparison.load.progress {
			progress = append(progress, one)
		} else {
			plain = append(plain, one)
		}
	}
	return plain, progress, proxy
}

// remark says how to read the table, and what the client cost.
func (r *report) remark() string {
	text := "Medians of the rounds, in which the servers took turns; ± is half the distance from the lowest to the highest. \"To Sluice\" is\n" +
		"the median of the rounds' ratios of processor time. CPU per call is the server's alone, as the system counts it; calls/s is\n" +
		"what server and client reach together on one machine."
	if least, most := r.clientShare(); most > 0 {
		text += fmt.Sprintf(" Beside Sluice the client took %.0f to %.0f%% of the processor\n"+
			"time that the server took; where it takes more than that, as with the floors, calls/s tells what the client can do.", 100*least, 100*most)
	}
	return text
}

// clientShare is the least and the most that the client took, to what Sluice took.
func (r *report) clientShare() (least, most float64) {
	for _, one := range r.results {
		if one.server != sluice {
			continue
		}
		share := ratio(one.values(clientCPUOf), one.values(cpuOf))
		if most = max(most, share); least == 0 {
			least = share
		}
		least = min(least, share)
	}
	return least, most
}

// write puts the report into the page in the folder, and its plots beside it.
func (r *report) write(folder string) error {
	images, err := r.plot(filepath.Join(folder, "performance"))
	if err != nil {
		return err
	}
	parts := append(r.opening(), images...)
	parts = append(parts, r.sections()...)
	return page.Write(filepath.Join(folder, "performance.md"), strings.Join(parts, "\n\n"))
}
