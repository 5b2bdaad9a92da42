package history

import "sync"

// A Store keeps records. Its methods are safe for concurrent use.
type Store interface {
	// Append takes the record of a call that has ended. It returns at once: a store
	// that cannot keep up drops records and counts them, for no call may wait for
	// its record or fail with it.
	//
	// arguments are those of the call, as they came; they may hold secrets. They do
	// not change after Append has returned, and the store keeps no more of them than a
	// hash and a redacted preview.
	Append(record Record, arguments []byte)
}

// Memory keeps the records of the last calls in memory.
type Memory struct {
	mu     sync.Mutex // guards all below
	kept   []Record   // a ring once it has keep elements
	keep   int
	oldest int // index in kept
}

// NewMemory returns a store of the last keep records; it keeps none where keep is not
// positive.
func NewMemory(keep int) *Memory { return &Memory{keep: keep} }

// Append keeps the record in place of the oldest.
func (m *Memory) Append(r Record, _ []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.keep <= 0:
	case len(m.kept) < m.keep:
		m.kept = append(m.kept, r)
	default:
		m.kept[m.oldest] = r
		m.oldest = (m.oldest + 1) % m.keep
	}
}

// Records returns what is kept, the oldest first.
func (m *Memory) Records() []Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append(append([]Record(nil), m.kept[m.oldest:]...), m.kept[:m.oldest]...)
}
