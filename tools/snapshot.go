package tools

import (
	"iter"
	"slices"
	"strings"
)

// A Snapshot is the set of tools at one moment. It never changes. All methods are
// safe for concurrent use.
//
// It is a sorted slice without a map beside it: a change copies it, and copying a map
// of ten thousand entries once for each tool that is added takes seconds.
type Snapshot struct {
	sorted []*Entry // by name
}

var emptySnapshot = &Snapshot{}

// search returns where the tool of this name is, or would be.
func (s *Snapshot) search(name string) (int, bool) {
	return slices.BinarySearchFunc(s.sorted, name, func(e *Entry, name string) int {
		return strings.Compare(e.Name, name)
	})
}

// Lookup returns the tool of this name.
func (s *Snapshot) Lookup(name string) (*Entry, bool) {
	if i, ok := s.search(name); ok {
		return s.sorted[i], true
	}
	return nil, false
}

// Len returns how many tools there are.
func (s *Snapshot) Len() int { return len(s.sorted) }

// All yields the tools in the order of their names.
func (s *Snapshot) All() iter.Seq[*Entry] { return slices.Values(s.sorted) }

// After returns at most limit tools whose names come after name, in order, and
// whether there are more behind them. The empty name is before all others. Callers
// must not change the slice.
func (s *Snapshot) After(name string, limit int) (page []*Entry, more bool) {
	start, found := s.search(name)
	if found {
		start++
	}
	rest := s.sorted[start:]
	limit = max(0, min(limit, len(rest)))
	return rest[:limit:limit], limit < len(rest)
}

// with returns a snapshot with more tools, which are sorted and not in s yet.
func (s *Snapshot) with(added []*Entry) *Snapshot {
	sorted := make([]*Entry, 0, len(s.sorted)+len(added))
	rest := s.sorted
	for _, entry := range added {
		n, _ := (&Snapshot{rest}).search(entry.Name)
		sorted = append(append(sorted, rest[:n]...), entry)
		rest = rest[n:]
	}
	return &Snapshot{sorted: append(sorted, rest...)}
}

// without returns a snapshot without the tools of these names.
func (s *Snapshot) without(names []string) *Snapshot {
	if len(names) == 0 {
		return s
	}
	gone := make(map[string]bool, len(names))
	for _, name := range names {
		gone[name] = true
	}
	sorted := make([]*Entry, 0, len(s.sorted))
	for _, entry := range s.sorted {
		if !gone[entry.Name] {
			sorted = append(sorted, entry)
		}
	}
	return &Snapshot{sorted: sorted}
}
