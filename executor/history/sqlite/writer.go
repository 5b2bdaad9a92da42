package sqlite

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"time"

	lib "modernc.org/sqlite/lib"

	"github.com/sluice-dev/sluice/executor/history"
)

// When the writer writes.
const (
	// interval is how long it rests after it has written: what comes meanwhile shares a
	// transaction.
	interval = 100 * time.Millisecond
	// batchRows is how many rows a transaction has at most, so that other processes wait
	// no longer than some tens of milliseconds; as many end the rest.
	batchRows = 16 * chunkRows
	// minRetry and maxRetry are how long it waits after a failure, first and at most.
	minRetry, maxRetry = interval, 30 * time.Second
)

// A writer is the one goroutine that writes. What it holds is held in memory until it
// is in the file.
type writer struct {
	*Store
	redactor *history.Redactor

	file   *file       // nil while none is open
	opened fs.FileInfo // of the file that was opened last
	asides int         // how often one was set aside
	held   []*chunk    // digested, the oldest first
	rows   int         // in held
	lost   uint64      // dropped, of which the file does not know yet

	failed  error // why the last write failed; nil where it did not
	backoff time.Duration
	rest    *time.Timer // runs after something was written
	retry   *time.Timer // runs after a failure

	stuck   bool      // the last attempt to delete rows failed
	overrun time.Time // when something was dropped last since it came too fast
}

func newWriter(s *Store) *writer {
	w := &writer{Store: s, redactor: history.NewRedactor(s.opts.Redact...), rest: time.NewTimer(0), retry: time.NewTimer(0)}
	w.rest.Stop()
	w.retry.Stop()
	return w
}

// run is the life of the writer.
func (w *writer) run() {
	defer close(w.done)
	defer w.closeFile()
	ready := w.pending.ready // nil while the writer rests
	for {
		select {
		case <-w.rest.C:
			ready = w.pending.ready
			continue
		case <-ready:
			w.turn(w.failed == nil)
		case <-w.pending.urgent:
			w.turn(w.failed == nil)
		case <-w.retry.C:
			w.turn(true)
		case reply := <-w.asks:
			w.turn(true)
			reply <- answer{err: w.failed, held: w.entries()}
		case <-w.stop:
			w.farewell()
			return
		}
		ready = nil
		w.rest.Reset(interval)
	}
}

// turn takes what was appended, and writes it where it is to.
func (w *writer) turn(write bool) {
	w.collect()
	if write {
		w.writeAll()
	}
	w.trim()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.health.Waiting, w.health.Err = w.rows, w.failed
}

// collect takes what was appended, and makes hashes and previews of the arguments.
func (w *writer) collect() {
	taken, rows, dropped := w.pending.take()
	for _, c := range taken {
		for i := range c.rows() {
			it := &c.items[i]
			it.hash, it.preview = w.opts.Arguments.Digest(it.arguments, w.redactor)
			it.arguments = nil
		}
	}
	w.held = append(w.held, taken...)
	w.rows += rows
	w.drop(dropped)
	w.noteOverrun(dropped)
}

// drop counts what was lost.
func (w *writer) drop(rows uint64) {
	w.lost += rows
	w.mu.Lock()
	defer w.mu.Unlock()
	w.health.Dropped += rows
}

// calm is how long nothing must have been dropped for that to be over.
const calm = 10 * time.Second

// noteOverrun logs that records come too fast, and that this is over.
func (w *writer) noteOverrun(dropped uint64) {
	now := time.Now()
	switch {
	case dropped > 0 && w.overrun.IsZero():
		w.opts.Logger.Warn("the history cannot keep up; calls go on, records are dropped", "path", w.path, "dropped", dropped)
		w.overrun = now
	case dropped > 0:
		w.overrun = now
	case !w.overrun.IsZero() && now.Sub(w.overrun) > calm:
		w.opts.Logger.Info("the history keeps up again", "path", w.path, "dropped", w.Health().Dropped)
		w.overrun = time.Time{}
	}
}

// trim drops the oldest of what is held for too long.
func (w *writer) trim() {
	for w.rows > w.opts.Pending && len(w.held) > 1 {
		w.drop(uint64(w.held[0].n))
		w.forget(1)
	}
}

// forget lets go of the first n chunks.
func (w *writer) forget(n int) {
	for _, c := range w.held[:n] {
		w.rows -= c.n
		c.release()
	}
	w.held = append(w.held[:0], w.held[n:]...)
}

// writeAll writes what is held, and then deletes what need not be kept.
func (w *writer) writeAll() {
	written := 0
	for len(w.held) > 0 || w.lost > 0 {
		rows, err := w.writeBatch()
		if err != nil && w.setAside(err) {
			continue
		}
		if err != nil {
			w.fail(err)
			return
		}
		written += rows
	}
	w.recover()
	if written > 0 {
		w.retain(written)
	}
}

// writeBatch writes the first of what is held, in one transaction.
func (w *writer) writeBatch() (rows int, err error) {
	if err := w.openFile(); err != nil {
		return 0, err
	}
	batch := w.held[:min(len(w.held), batchRows/chunkRows)]
	if err := w.file.write(batch, w.lost); err != nil {
		return 0, err
	}
	w.lost = 0
	for _, c := range batch {
		rows += c.n
	}
	w.forget(len(batch))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.health.Written += uint64(rows)
	return rows, nil
}

// openFile opens the file where it is not open, or is not the one at its path any more:
// another process has set it aside, or somebody has deleted it.
func (w *writer) openFile() (err error) {
	if w.file != nil && !w.file.inPlace() {
		w.closeFile()
	}
	if w.file == nil {
		w.file, w.opened, err = openFile(w.path)
	}
	return err
}

func (w *writer) closeFile() {
	if w.file != nil {
		w.file.close()
		w.file = nil
	}
}

// fail takes note of a failure, and tries again later.
func (w *writer) fail(err error) {
	if w.failed == nil {
		w.opts.Logger.Warn("the history cannot be written; calls go on, the last records are held in memory", "path", w.path, "error", err)
		w.backoff = minRetry
	}
	w.failed = err
	if !keepsFile(err) {
		w.closeFile()
	}
	w.retry.Reset(w.backoff)
	w.backoff = min(2*w.backoff, maxRetry)
}

// recover takes note that a write has succeeded.
func (w *writer) recover() {
	if w.failed != nil {
		w.opts.Logger.Info("the history is written again", "path", w.path, "dropped", w.Health().Dropped)
	}
	w.failed = nil
	w.retry.Stop()
}

// lastTries is how often the last rows are tried to be written while another process has
// the lock.
const lastTries = 4

// farewell writes what is left, and says what is lost.
func (w *writer) farewell() {
	w.turn(true)
	for tries := 1; code(w.failed) == lib.SQLITE_BUSY && tries < lastTries; tries++ {
		w.turn(true)
	}
	if w.rows > 0 {
		w.opts.Logger.Error("records of the history are lost", "path", w.path, "rows", w.rows, "error", w.failed)
	}
}

// entries returns what is held, the oldest first.
func (w *writer) entries() []history.Entry {
	entries := make([]history.Entry, 0, w.rows)
	for _, c := range w.held {
		for _, it := range c.rows() {
			entries = append(entries, history.Entry{Record: it.record, Hash: hex.EncodeToString(it.hash), Preview: it.preview})
		}
	}
	return entries
}

// maxAsides is how many files a store sets aside at most: a disk that damages whatever is
// written to it, or another process of a later version, must not make it go on for ever.
const maxAsides = 3

// setAside puts a file that is of no use out of the way; false where it is, or cannot be
// moved.
func (w *writer) setAside(cause error) bool {
	if !isDamaged(cause) && !errors.Is(cause, ErrLaterVersion) || w.asides >= maxAsides {
		return false
	}
	w.closeFile()
	aside, err := setAside(w.path, w.opened, time.Now())
	if errors.Is(err, fs.ErrNotExist) {
		return true // another process was faster
	}
	w.asides++
	if err != nil {
		w.opts.Logger.Error("the history file is of no use and cannot be set aside", "path", w.path, "cause", cause, "error", err)
		return false
	}
	w.opts.Logger.Error("THE HISTORY FILE IS OF NO USE: it was set aside and a new one begun", "path", w.path, "aside", aside, "cause", cause)
	return true
}
