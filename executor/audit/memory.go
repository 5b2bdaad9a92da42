package audit

import (
	"context"
	"sync"
)

// Memory is a [Sink] that keeps the last entries in memory, for tests and for programs
// that show them. It makes no chain.
type Memory struct {
	mu     sync.Mutex // guards all below
	kept   []Entry    // a ring once it has keep elements
	keep   int
	oldest int // index in kept
}

// NewMemory returns a sink that keeps the last keep entries; none where keep is not
// positive.
func NewMemory(keep int) *Memory { return &Memory{keep: keep} }

// Append keeps the entry in place of the oldest.
func (m *Memory) Append(e Entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.keep <= 0:
	case len(m.kept) < m.keep:
		m.kept = append(m.kept, e)
	default:
		m.kept[m.oldest] = e
		m.oldest = (m.oldest + 1) % m.keep
	}
}

// Commit does what Append does, and never fails.
func (m *Memory) Commit(_ context.Context, e Entry) error {
	m.Append(e)
	return nil
}

// Entries returns what is kept, the oldest first.
func (m *Memory) Entries() []Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append(append([]Entry(nil), m.kept[m.oldest:]...), m.kept[:m.oldest]...)
}
