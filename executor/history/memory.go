package history

import (
	"context"
	"iter"
	"sync"
)

// Memory keeps the records of the last calls in memory.
type Memory struct {
	redactor *Redactor
	keep     int

	mu     sync.Mutex // guards all below
	kept   []Entry    // a ring once it has keep elements
	oldest int        // index in kept
}

// NewMemory returns a store of the last keep records; it keeps none where keep is not
// positive. Values of these keys of the arguments are masked beside those that look
// secret.
func NewMemory(keep int, redact ...string) *Memory {
	return &Memory{keep: keep, redactor: NewRedactor(redact...)}
}

// Append keeps the record in place of the oldest. Hash and preview are made here and
// now, which takes about a microsecond: the arguments are not held on to.
func (m *Memory) Append(record Record, arguments []byte) {
	if m.keep <= 0 {
		return
	}
	e := newEntry(record, arguments, m.redactor)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.kept) < m.keep {
		m.kept = append(m.kept, e)
		return
	}
	m.kept[m.oldest] = e
	m.oldest = (m.oldest + 1) % m.keep
}

// Records returns what is kept, in the order in which the calls ended.
func (m *Memory) Records() []Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	records := make([]Record, len(m.kept))
	for i := range m.kept {
		records[i] = m.kept[(m.oldest+i)%len(m.kept)].Record
	}
	return records
}

// Query yields the entries that the filter wants, the call that ended last first. They
// are those of the moment when the loop begins.
func (m *Memory) Query(ctx context.Context, filter Filter) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(Entry{}, context.Cause(ctx))
			return
		}
		filter.wanted(m.newestFirst())(yield)
	}
}

func (m *Memory) newestFirst() iter.Seq[*Entry] {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := append(append([]Entry(nil), m.kept[m.oldest:]...), m.kept[:m.oldest]...)
	return func(yield func(*Entry) bool) {
		for i := len(kept) - 1; i >= 0 && yield(&kept[i]); i-- {
		}
	}
}
