package executor

import (
	"context"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// Retention bounds what is kept of the results of submitted calls that have ended. The
// oldest go first. Those of calls in flight are not in it.
type Retention struct {
	// Count is how many are kept, and at least 1. Defaults to 1000.
	Count int
	// Bytes is how much they may have together, as [Record].BytesOut counts; the last
	// is kept though it alone has more. Defaults to 64 MiB.
	Bytes int64
	// Age is how long one is kept. Defaults to 10 minutes; with a negative one only who
	// waits for the call is given its result.
	Age time.Duration
}

func (r Retention) withDefaults() Retention {
	r.Count = max(orDefault(r.Count, 1000), 1)
	r.Bytes = orDefault(r.Bytes, 64<<20)
	r.Age = orDefault(r.Age, 10*time.Minute)
	return r
}

// submissions holds the submitted calls: those in flight, which are as many as the
// engine admits, and of those that have ended as many as is kept.
type submissions struct {
	keep Retention

	mu    sync.Mutex // guards all below, and cancel, finished and next of the calls
	byID  map[string]*submission
	first *submission // of those that have ended, the oldest
	last  *submission
	count int
	bytes int64
}

// A submission is one submitted call. Who has found it may keep it.
type submission struct {
	id     string
	ended  chan struct{} // closed behind the writes of result and err
	result *tools.Result
	err    error

	cancel   context.CancelCauseFunc // nil once it has ended
	finished time.Time
	next     *submission // the one that ended after it
}

func (s *submission) size() int64 {
	if s.result == nil {
		return 0
	}
	return size(s.result)
}

func (m *submissions) begin(s *submission) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byID == nil {
		m.byID = map[string]*submission{}
	}
	m.byID[s.id] = s
}

// end keeps the result of a call that has ended.
func (m *submissions) end(s *submission) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s.cancel(context.Canceled)
	s.cancel = nil // or the values of its context would be kept with it
	s.finished = time.Now()
	if m.last == nil {
		m.first = s
	} else {
		m.last.next = s
	}
	m.last = s
	m.count++
	m.bytes += s.size()
	m.forget()
	close(s.ended)
}

// find returns the call of an id, or nil.
func (m *submissions) find(id string) *submission {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget()
	return m.byID[id]
}

// cancel cancels the call of an id, and reports whether there is one.
func (m *submissions) cancel(id string, cause error) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget()
	s := m.byID[id]
	if s != nil && s.cancel != nil {
		s.cancel(cause)
	}
	return s != nil
}

// forget gives up what is beyond the bounds. No timer does: what is too old takes no
// more than the other bounds allow until somebody looks. The caller holds m.mu.
func (m *submissions) forget() {
	for s := m.first; s != nil && m.beyond(s); s = m.first {
		delete(m.byID, s.id)
		m.count--
		m.bytes -= s.size()
		if m.first = s.next; m.first == nil {
			m.last = nil
		}
	}
}

// beyond reports whether the oldest is to be given up.
func (m *submissions) beyond(oldest *submission) bool {
	crowded := oldest != m.last && (m.count > m.keep.Count || m.bytes > m.keep.Bytes)
	return crowded || time.Since(oldest.finished) >= m.keep.Age
}
