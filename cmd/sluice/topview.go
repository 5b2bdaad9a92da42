package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/admin"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/progress"
)

// A topView words a picture, a line for each thing there is to say.
type topView struct {
	now, before   picture
	width, height int  // of the terminal; 0 is any
	chosen        int  // which call is; -1 for none
	colours       bool // where the screen has them
	note          string
}

// lines returns the picture. What has no place on the screen is left out from the middle.
func (v *topView) lines() []string {
	lines := append(v.head(), "")
	lines = append(lines, v.tools()...)
	foot := []string{}
	if v.note != "" {
		foot = append(foot, "", v.note)
	}
	room := len(v.now.Calls.Calls)
	if v.height > 0 {
		room = max(v.height-len(lines)-len(foot)-3, 1) // two lines above them, and one below all
	}
	lines = append(append(lines, ""), v.calls(room)...)
	lines = append(lines, foot...)
	for i, line := range lines {
		lines[i] = v.cut(line)
	}
	return lines
}

// cut shortens a line to the terminal, but not the marks of a colour.
func (v *topView) cut(line string) string {
	if v.width == 0 {
		return line
	}
	if text, ok := strings.CutPrefix(line, bold); ok && v.colours {
		return bold + progress.Cut(strings.TrimSuffix(text, reset), v.width) + reset
	}
	return progress.Cut(line, v.width)
}

func (v *topView) strong(text string) string {
	if !v.colours {
		return text
	}
	return bold + text + reset
}

func (v *topView) head() []string {
	m := &v.now.Metrics
	state := ""
	if m.Draining {
		state = "  DRAINING"
	}
	connections := ""
	if m.Connections != nil {
		connections = fmt.Sprintf("  %d connections", m.Connections.Open)
	}
	waiting := 0
	for _, n := range m.Queue.Waiting {
		waiting += n
	}
	lines := []string{
		v.strong(fmt.Sprintf("sluice %s  %s%s", m.Version, m.Now.Local().Format(time.TimeOnly), state)),
		fmt.Sprintf("%d of %d slots  %d waiting (room for %d)%s", m.Queue.Used, m.Queue.Slots, waiting, m.Queue.Room, connections),
		fmt.Sprintf("%s calls/s  %s failed/s  %s refused/s", v.rate(func(c *admin.Counts) uint64 { return c.Calls }),
			v.rate(failures), v.rate(func(c *admin.Counts) uint64 { return c.Refused })),
	}
	if d := m.Dropped; d != (admin.Dropped{}) {
		lines = append(lines, fmt.Sprintf("dropped: %d history, %d audit, %d log, %d spans", d.History, d.Audit, d.Log, d.Spans))
	}
	for _, u := range m.Upstreams {
		if u.State != "up" {
			lines = append(lines, oneLine(fmt.Sprintf("upstream %s is %s", u.Name, u.State)))
		}
	}
	return lines
}

func failures(c *admin.Counts) (n uint64) {
	for _, failed := range c.Failed {
		n += failed
	}
	return n + c.ToolErrors
}

// rate words how much comes in a second.
func (v *topView) rate(of func(*admin.Counts) uint64) string {
	return perSecond(of(&v.now.Metrics.Total), of(&v.before.Metrics.Total), v.now.Metrics.Now.Sub(v.before.Metrics.Now))
}

func perSecond(now, before uint64, span time.Duration) string {
	if span <= 0 || now < before { // a server that was started anew
		return "-"
	}
	return fmt.Sprintf("%.1f", float64(now-before)/span.Seconds())
}

// maxTopTools is how many tools are listed, the busiest first.
const maxTopTools = 10

func (v *topView) tools() []string {
	lines := []string{v.strong(fmt.Sprintf("%-24s %7s %7s %7s %8s %8s %8s  %s", "TOOL", "RUN", "WAIT", "CALL/S", "P50", "P99", "FAILED", "BREAKER"))}
	m := v.now.Metrics.Tools
	names := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		x, y := m[a], m[b]
		return cmp.Or(cmp.Compare(y.Running+y.Waiting, x.Running+x.Waiting), cmp.Compare(y.Calls, x.Calls), strings.Compare(a, b))
	})
	for _, name := range names[:min(len(names), maxTopTools)] {
		c, before := m[name], v.before.Metrics.Tools[name]
		lines = append(lines, fmt.Sprintf("%s %7d %7d %7s %8s %8s %8d  %s", pad(oneLine(name), 24), c.Running, c.Waiting,
			perSecond(c.Calls, before.Calls, v.now.Metrics.Now.Sub(v.before.Metrics.Now)),
			shortSpan(spanOf(c.Run.P50Ms)), shortSpan(spanOf(c.Run.P99Ms)), failures(&c), strings.ReplaceAll(c.Breaker, "_", "-")))
	}
	if left := len(names) - maxTopTools; left > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", left))
	}
	return lines
}

func spanOf(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// calls lists the calls that there is room for, among them the chosen one.
func (v *topView) calls(room int) []string {
	lines := []string{v.strong(fmt.Sprintf("  %-36s %-20s %-12s %-10s %8s  %s", "CALL", "TOOL", "CALLER", "STATE", "AGE", "DOES"))}
	calls := v.now.Calls.Calls
	if len(calls) == 0 {
		return append(lines, "  none")
	}
	first := max(min(v.chosen-room/2, len(calls)-room), 0)
	for i := first; i < min(first+room, len(calls)); i++ {
		c := &calls[i]
		mark := "  "
		if i == v.chosen {
			mark = "> "
		}
		lines = append(lines, mark+fmt.Sprintf("%-36s %s %s %-10s %8s  %s", oneLine(c.ID), pad(oneLine(c.Tool), 20), pad(oneLine(c.Caller), 12),
			oneLine(c.State), shortSpan(time.Duration(c.AgeMs)*time.Millisecond), doing(c)))
	}
	if left := len(calls) - room; left > 0 {
		lines[len(lines)-1] += fmt.Sprintf("  (%d calls in all)", len(calls))
	}
	return lines
}

// doing words what a call waits for, or how far it has come.
func doing(c *admin.Call) string {
	text := ""
	switch p := c.Progress; {
	case c.WaitsFor != "":
		text = "waits for " + c.WaitsFor
	case p == nil:
	case p.Total > 0:
		text = fmt.Sprintf("%.0f%% %s", 100*p.Done/p.Total, p.Message)
	default:
		text = fmt.Sprintf("%g %s", p.Done, p.Message)
	}
	return oneLine(text)
}
