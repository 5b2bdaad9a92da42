package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/executor/history"
)

const historyStatsLong = `Counts the calls of the past, for each tool: how many, how they ended, how long they waited
and ran (what 50, 90 and 99 of a hundred do not exceed), and why they waited or were refused.

The flags choose calls as those of "sluice history" do.`

func newHistoryStatsCommand() *cobra.Command {
	var opts historyOptions
	cmd := &cobra.Command{
		Use:     "stats",
		Short:   "Count past calls and say how long they took",
		Long:    historyStatsLong,
		Example: "  sluice history stats --since 7d\n  sluice history stats --tool order_status --json",
		Args:    usageArgs(cobra.NoArgs),
		RunE:    opts.runStats,
	}
	opts.addFlags(cmd)
	return cmd
}

func (o *historyOptions) runStats(cmd *cobra.Command, _ []string) error {
	filter, err := o.filter(time.Now())
	if err != nil {
		return err
	}
	store, err := o.open()
	if err != nil {
		return err
	}
	asked, _, release := untilStopped(cmd.Context())
	defer release()
	summary, err := history.Summarize(store.Query(asked, filter))
	if err != nil {
		return historyError(asked, store.Path(), err)
	}
	lost, err := store.Lost(asked, filter.Since, filter.Until)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return historyError(asked, store.Path(), err)
	}
	if o.json {
		printJSON(cmd.OutOrStdout(), newStatsReport(summary, lost))
		return nil
	}
	return writeStats(cmd.OutOrStdout(), summary, lost)
}

// A statsReport is a summary as --json prints it.
type statsReport struct {
	First time.Time   `json:"first"`
	Last  time.Time   `json:"last"`
	Lost  uint64      `json:"lost"` // calls that left no row
	Total toolStats   `json:"total"`
	Tools []toolStats `json:"tools"`
}

type toolStats struct {
	Tool       string                 `json:"tool,omitempty"`
	Calls      int                    `json:"calls"`
	OK         int                    `json:"ok"`
	ToolErrors int                    `json:"tool_errors"`
	Failed     int                    `json:"failed"`
	ErrorShare float64                `json:"error_share"`
	Kinds      map[history.Kind]int   `json:"kinds,omitempty"`
	Refused    map[history.Kind]int   `json:"refused,omitempty"`
	CacheHits  int                    `json:"cache_hits"`
	Coalesced  int                    `json:"coalesced"`
	Wait       quantileStats          `json:"wait_ms"`
	Run        quantileStats          `json:"run_ms"`
	Waited     map[string]waitedStats `json:"waited,omitempty"` // by what for
}

type quantileStats struct {
	P50 millis `json:"p50"`
	P90 millis `json:"p90"`
	P99 millis `json:"p99"`
	Max millis `json:"max"`
}

type waitedStats struct {
	Calls int    `json:"calls"`
	MS    millis `json:"ms"`
}

func newStatsReport(s *history.Summary, lost uint64) *statsReport {
	r := &statsReport{First: s.First, Last: s.Last, Lost: lost, Total: newToolStats(&s.Total), Tools: []toolStats{}}
	for i := range s.Tools {
		r.Tools = append(r.Tools, newToolStats(&s.Tools[i]))
	}
	return r
}

func newToolStats(t *history.ToolSummary) toolStats {
	stats := toolStats{
		Tool: t.Tool, Calls: t.Calls, OK: t.OK, ToolErrors: t.ToolErrors, Failed: t.Failed, ErrorShare: t.ErrorShare(),
		Kinds: t.Kinds, Refused: t.Refused, CacheHits: t.CacheHits, Coalesced: t.Coalesced,
		Wait: newQuantileStats(t.Wait), Run: newQuantileStats(t.Run), Waited: map[string]waitedStats{},
	}
	for _, cause := range causes(t) {
		stats.Waited[cause.name] = waitedStats{cause.Calls, inMillis(cause.Time)}
	}
	return stats
}

func newQuantileStats(q history.Quantiles) quantileStats {
	return quantileStats{inMillis(q.P50), inMillis(q.P90), inMillis(q.P99), inMillis(q.Max)}
}

// A cause is something that calls waited for.
type cause struct {
	name, wording string
	history.Waited
}

// causes are what some call waited for.
func causes(t *history.ToolSummary) []cause {
	all := []cause{
		{"rate", "a rate limit", t.WaitedRate},
		{"flight", "an identical call", t.WaitedFlight},
		{"server", "a slot of the server", t.WaitedServer},
		{"tool", "a slot of the tool", t.WaitedTool},
	}
	return slices.DeleteFunc(all, func(c cause) bool { return c.Calls == 0 })
}

// writeStats prints a summary for people: a table, and why calls waited or failed.
func writeStats(w io.Writer, s *history.Summary, lost uint64) error {
	var b strings.Builder
	if s.Total.Calls == 0 {
		b.WriteString("no call\n")
	} else {
		fmt.Fprintf(&b, "%s from %s to %s\n\n", count(s.Total.Calls, "call"),
			s.First.Local().Format(time.DateTime), s.Last.Local().Format(time.DateTime))
		writeStatsTable(&b, s)
	}
	for i := range s.Tools {
		writeReasons(&b, &s.Tools[i])
	}
	if lost > 0 {
		fmt.Fprintf(&b, "\n%s left no trace: they came too fast, or the file could not be written.\n", count(int(lost), "more call"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeStatsTable(b *strings.Builder, s *history.Summary) {
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "CALLS\tOK\tTOOL ERRORS\tFAILED\tERRORS\tWAIT P50\tP90\tP99\tRUN P50\tP90\tP99\t  TOOL")
	row := func(t *history.ToolSummary, name string) {
		fmt.Fprintf(table, "%d\t%d\t%d\t%d\t%.1f%%\t%s\t%s\t%s\t%s\t%s\t%s\t  %s\n",
			t.Calls, t.OK, t.ToolErrors, t.Failed, 100*t.ErrorShare(),
			shortSpan(t.Wait.P50), shortSpan(t.Wait.P90), shortSpan(t.Wait.P99),
			shortSpan(t.Run.P50), shortSpan(t.Run.P90), shortSpan(t.Run.P99), name)
	}
	for i := range s.Tools {
		row(&s.Tools[i], oneLine(s.Tools[i].Tool))
	}
	if len(s.Tools) > 1 {
		row(&s.Total, "(all)")
	}
	table.Flush() // into memory
}

// writeReasons says why calls of a tool waited, failed, or were answered without it.
func writeReasons(b *strings.Builder, t *history.ToolSummary) {
	var reasons []string
	for _, c := range causes(t) {
		reasons = append(reasons, fmt.Sprintf("%d waited for %s, %s in all", c.Calls, c.wording, shortSpan(c.Time)))
	}
	for _, kind := range byCount(t.Kinds) {
		reasons = append(reasons, fmt.Sprintf("%d failed: %s%s", t.Kinds[kind], kind, refusedText(t, kind)))
	}
	if t.CacheHits > 0 {
		reasons = append(reasons, fmt.Sprintf("%d answered from the cache", t.CacheHits))
	}
	if t.Coalesced > 0 {
		reasons = append(reasons, fmt.Sprintf("%d answered by an identical call", t.Coalesced))
	}
	if len(reasons) > 0 {
		fmt.Fprintf(b, "\n%s\n  %s\n", oneLine(t.Tool), strings.Join(reasons, "\n  "))
	}
}

func refusedText(t *history.ToolSummary, kind history.Kind) string {
	switch n := t.Refused[kind]; n {
	case 0:
		return ""
	case t.Kinds[kind]:
		return ", before it was started"
	default:
		return fmt.Sprintf(", %d of them before they were started", n)
	}
}

// byCount returns the kinds, the most frequent first.
func byCount(kinds map[history.Kind]int) []history.Kind {
	var all []history.Kind
	for kind := range kinds {
		all = append(all, kind)
	}
	slices.SortFunc(all, func(a, b history.Kind) int { return cmp.Or(kinds[b]-kinds[a], cmp.Compare(a, b)) })
	return all
}
