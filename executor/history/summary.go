package history

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"time"
)

// A Summary is the statistics of some entries.
type Summary struct {
	// First and Last are when the first and the last of the calls came.
	First, Last time.Time
	// Total is of all calls, Tools of those of each tool, the most called first.
	Total ToolSummary
	Tools []ToolSummary
}

// A ToolSummary is the statistics of the calls of one tool.
type ToolSummary struct {
	// Tool is its name; empty in a total.
	Tool string

	// Calls is the sum of OK, ToolErrors and Failed, which are its outcomes.
	Calls, OK, ToolErrors, Failed int
	// Kinds count the failures by their kind, and Refused those of calls that were never
	// started.
	Kinds, Refused map[Kind]int
	// CacheHits and Coalesced are how many calls were answered without the tool.
	CacheHits, Coalesced int

	// Wait is how long calls waited before they started or failed, Run how long those ran
	// that started.
	Wait, Run Quantiles
	// WaitedRate, WaitedFlight, WaitedServer and WaitedTool say for what they waited: see
	// [Waits].
	WaitedRate, WaitedFlight, WaitedServer, WaitedTool Waited
}

// Waited is how many calls waited for one thing, and how long in all.
type Waited struct {
	Calls int
	Time  time.Duration
}

// Quantiles are what 50, 90 and 99 of a hundred durations do not exceed, and the longest.
type Quantiles struct{ P50, P90, P99, Max time.Duration }

// ErrorShare returns which part of the calls did not end well, from 0 to 1.
func (t *ToolSummary) ErrorShare() float64 {
	if t.Calls == 0 {
		return 0
	}
	return float64(t.ToolErrors+t.Failed) / float64(t.Calls)
}

// Summarize makes statistics of entries, such as those of a query. It keeps two durations
// of each in memory. The error is the first that the entries yield.
func Summarize(entries iter.Seq2[Entry, error]) (*Summary, error) {
	total, tools := &tally{}, map[string]*tally{}
	s := &Summary{}
	for e, err := range entries {
		if err != nil {
			return nil, err
		}
		t := tools[e.Tool]
		if t == nil {
			t = &tally{ToolSummary: ToolSummary{Tool: e.Tool}}
			tools[e.Tool] = t
		}
		t.add(&e)
		total.add(&e)
		if s.First.IsZero() || e.Queued.Before(s.First) {
			s.First = e.Queued
		}
		if e.Queued.After(s.Last) {
			s.Last = e.Queued
		}
	}
	s.Total = total.summary()
	for _, t := range tools {
		s.Tools = append(s.Tools, t.summary())
	}
	slices.SortFunc(s.Tools, func(a, b ToolSummary) int {
		return cmp.Or(b.Calls-a.Calls, cmp.Compare(a.Tool, b.Tool))
	})
	return s, nil
}

// tally is a summary in the making.
type tally struct {
	ToolSummary
	waits, runs []time.Duration
}

func (t *tally) add(e *Entry) {
	t.Calls++
	switch e.Outcome {
	case OutcomeOK:
		t.OK++
	case OutcomeToolError:
		t.ToolErrors++
	default:
		t.addFailure(e)
	}
	switch e.Cached {
	case CacheHit:
		t.CacheHits++
	case CacheCoalesced:
		t.Coalesced++
	}
	if e.Started.IsZero() {
		t.waits = append(t.waits, e.Finished.Sub(e.Queued))
	} else {
		t.waits = append(t.waits, e.Started.Sub(e.Queued))
		t.runs = append(t.runs, e.Finished.Sub(e.Started))
	}
	t.WaitedRate.add(e.Waits.Rate)
	t.WaitedFlight.add(e.Waits.Flight)
	t.WaitedServer.add(e.Waits.Server)
	t.WaitedTool.add(e.Waits.Tool)
}

func (t *tally) addFailure(e *Entry) {
	t.Failed++
	if t.Kinds == nil {
		t.Kinds, t.Refused = map[Kind]int{}, map[Kind]int{}
	}
	t.Kinds[e.Kind]++
	if e.Started.IsZero() {
		t.Refused[e.Kind]++
	}
}

func (w *Waited) add(d time.Duration) {
	if d > 0 {
		w.Calls++
		w.Time += d
	}
}

func (t *tally) summary() ToolSummary {
	t.Wait, t.Run = quantiles(t.waits), quantiles(t.runs)
	return t.ToolSummary
}

// quantiles sorts the durations.
func quantiles(durations []time.Duration) Quantiles {
	n := len(durations)
	if n == 0 {
		return Quantiles{}
	}
	slices.Sort(durations)
	at := func(share float64) time.Duration { return durations[int(math.Ceil(share*float64(n)))-1] }
	return Quantiles{P50: at(0.5), P90: at(0.9), P99: at(0.99), Max: durations[n-1]}
}
