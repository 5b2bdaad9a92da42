package history

import (
	"iter"
	"strings"
	"time"
)

// A Filter says which entries are wanted. What is zero does not matter.
type Filter struct {
	// Tool, Caller, Outcome and Kind are equal to those of the entry.
	Tool, Caller string
	Outcome      Outcome
	Kind         Kind

	// Since and Until enclose the moment when the call came: from Since on, before
	// Until.
	Since, Until time.Time

	// Text stands somewhere in the tool, caller, kind, reason or preview, whatever the
	// case of its ASCII letters, or is the whole id or hash.
	Text string

	// Limit is how many entries are wanted at most. Defaults to all.
	Limit int
}

// Match reports whether an entry is wanted, whatever the limit.
func (f *Filter) Match(e *Entry) bool {
	switch {
	case f.Tool != "" && f.Tool != e.Tool,
		f.Caller != "" && f.Caller != e.Caller,
		f.Outcome != "" && f.Outcome != e.Outcome,
		f.Kind != "" && f.Kind != e.Kind,
		!f.Since.IsZero() && e.Queued.Before(f.Since),
		!f.Until.IsZero() && !e.Queued.Before(f.Until):
		return false
	}
	return f.Text == "" || f.matchText(e)
}

func (f *Filter) matchText(e *Entry) bool {
	want := lower(f.Text)
	for _, text := range []string{e.Tool, e.Caller, string(e.Kind), e.Reason, e.Preview} {
		if strings.Contains(lower(text), want) {
			return true
		}
	}
	return want == e.ID || want == e.Hash
}

// lower folds ASCII letters and no others, which is what SQL's LIKE does.
func lower(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

// wanted yields, of entries in the order that they have, those that match, up to the
// limit.
func (f *Filter) wanted(entries iter.Seq[*Entry]) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		left := f.Limit
		for e := range entries {
			if !f.Match(e) {
				continue
			}
			if !yield(*e, nil) {
				return
			}
			if left--; left == 0 {
				return
			}
		}
	}
}
