package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/sluice-dev/sluice/executor/history"
)

// ErrClosed is returned where a store that was closed is asked to write.
var ErrClosed = errors.New("the history is closed")

// A Store keeps the records of calls in a file. It implements [history.Store] and
// [history.Reader]. Its methods are safe for concurrent use.
type Store struct {
	path    string
	opts    Options
	pending *pending

	start   sync.Once // the writer, by the first record, or none, by Close
	started atomic.Bool
	asks    chan chan<- answer // to the writer
	stop    chan struct{}      // closed by Close
	done    chan struct{}      // closed by the writer at its end

	mu     sync.Mutex // guards health, which the writer writes
	health history.Health
}

// New returns the store of the file at path. It does nothing yet: the file, and
// directories that are missing, are made when the first record is appended, with modes 0600
// and 0700. The store has a goroutine from then on, until it is closed; one that only
// reads has none and needs no closing.
func New(path string, opts Options) *Store {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	opts = opts.withDefaults()
	return &Store{
		path: path, opts: opts, pending: newPending(&opts),
		asks: make(chan chan<- answer), stop: make(chan struct{}), done: make(chan struct{}),
	}
}

// Path returns the path of the file, absolute.
func (s *Store) Path() string { return s.path }

// Append takes the record of a call that has ended; it takes a fraction of a microsecond
// and never waits for the file. See [history.Store].
func (s *Store) Append(record history.Record, arguments []byte) {
	s.start.Do(func() {
		s.started.Store(true)
		go newWriter(s).run()
	})
	s.pending.add(&record, arguments)
}

// Health says how the store fares, without waiting for it.
func (s *Store) Health() history.Health {
	rows, dropped := s.pending.count()
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.health
	h.Waiting += rows
	h.Dropped += dropped
	return h
}

// Flush returns when what was appended before is in the file, with nil, or cannot be
// written now.
func (s *Store) Flush(ctx context.Context) error {
	a, err := s.ask(ctx)
	return errors.Join(err, a.err)
}

// answer is what the writer says when it was asked to write all it has.
type answer struct {
	err  error           // why it did not
	held []history.Entry // what it still holds, the oldest first
}

// ask has the writer write all it has.
func (s *Store) ask(ctx context.Context) (answer, error) {
	if !s.started.Load() {
		return answer{}, nil
	}
	reply := make(chan answer, 1)
	select {
	case s.asks <- reply:
	case <-s.done:
		return answer{}, nil
	case <-ctx.Done():
		return answer{}, context.Cause(ctx)
	}
	select {
	case a := <-reply:
		return a, nil
	case <-ctx.Done():
		return answer{}, context.Cause(ctx)
	}
}

// Close writes what was appended, and ends the store's goroutine. It waits for other
// processes that write, for 8 s at most; what cannot be written is lost, which is the error
// that it returns. What is appended later is dropped. It may be called more than once.
func (s *Store) Close() error {
	if s.pending.close() {
		s.start.Do(func() { close(s.done) })
		close(s.stop)
	}
	<-s.done
	if h := s.Health(); h.Waiting > 0 {
		return &LostError{Rows: h.Waiting, Err: h.Err}
	}
	return nil
}
