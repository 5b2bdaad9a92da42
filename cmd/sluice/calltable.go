package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/progress"
	"github.com/sluice-dev/sluice/executor/history"
)

// A callTable prints calls, a line each. Its columns have fixed widths, since calls may go on
// coming; the last takes what is left of the line.
type callTable struct {
	w       io.Writer
	width   int // of the terminal; 0 where there is none
	colours bool
	begun   bool
}

func newCallTable(w io.Writer) *callTable {
	return &callTable{w: w, width: columns(w), colours: colours(w)}
}

// The widths of the columns before the last.
var callColumns = [...]struct {
	title string
	width int
}{{"TIME", 14}, {"TOOL", 20}, {"CALLER", 10}, {"OUTCOME", 17}, {"WAIT", 7}, {"RUN", 7}}

func (t *callTable) print(e *history.Entry) {
	if !t.begun {
		t.begun = true
		titles := make([]string, len(callColumns))
		for i, column := range callColumns {
			titles[i] = column.title
		}
		t.line(titles, "ARGUMENTS", bold)
	}
	run := "-"
	if !e.Started.IsZero() {
		run = shortSpan(e.Finished.Sub(e.Started))
	}
	style := ""
	if e.Outcome != history.OutcomeOK {
		style = red
	}
	about := e.Preview
	if e.Reason != "" {
		about = e.Reason + "  " + about
	}
	t.line([]string{
		e.Queued.Local().Format("01-02 15:04:05"), e.Tool, e.Caller, wording(e), shortSpan(waited(e)), run,
	}, about, style)
}

func (t *callTable) line(cells []string, last, style string) {
	var b strings.Builder
	for i, cell := range cells {
		b.WriteString(pad(oneLine(cell), callColumns[i].width) + " ")
	}
	b.WriteString(oneLine(last))
	line := strings.TrimRight(b.String(), " ")
	if t.width > 0 {
		line = progress.Cut(line, t.width)
	}
	if style != "" && t.colours {
		line = style + line + reset
	}
	fmt.Fprintln(t.w, line)
}

// shortSpan words a duration in at most seven columns.
func shortSpan(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Millisecond:
		return fmt.Sprintf("%dµs", d.Microseconds())
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%.1fms", inMillis(d))
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < 100*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
