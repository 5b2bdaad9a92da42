package sqlite

import (
	"time"

	lib "modernc.org/sqlite/lib"
)

// stepRows is how many rows one transaction deletes: few, so that nobody waits for it.
const stepRows = 500

// retain deletes, in small steps, what is too old or too much. It goes on until nothing
// is left to delete or new rows are waiting; but it always deletes more than was
// written, or a store under load would grow without bound.
func (w *writer) retain(written int) {
	for deleted := 0; ; {
		n, err := w.file.deleteStep(&w.opts, time.Now())
		w.noteRetention(err)
		if err != nil || n == 0 {
			return // the next turn tries again
		}
		deleted += n
		if waiting, _ := w.pending.count(); deleted > written && (waiting >= batchRows || w.stopping()) {
			return
		}
	}
}

// noteRetention sets a file aside that turns out to be damaged, and logs once that
// nothing can be deleted for another reason.
func (w *writer) noteRetention(err error) {
	if err == nil || code(err) == lib.SQLITE_BUSY {
		w.stuck = false
		return
	}
	if !w.setAside(err) && !w.stuck {
		w.opts.Logger.Warn("old records of the history cannot be deleted", "path", w.path, "error", err)
		w.stuck = true
	}
}

// stopping reports whether the store is being closed.
func (w *writer) stopping() bool {
	select {
	case <-w.stop:
		return true
	default:
		return false
	}
}

// deleteStep deletes some of the rows that are not to be kept, and returns how many.
func (f *file) deleteStep(opts *Options, now time.Time) (int, error) {
	for _, limit := range []func() (int64, error){
		func() (int64, error) { return f.deleteOld(opts.Age, now) },
		func() (int64, error) { return f.deleteBeyond(opts.Rows) },
		func() (int64, error) { return f.deleteAbove(opts.Size) },
	} {
		if n, err := limit(); n > 0 || err != nil {
			return int(n), err
		}
	}
	return 0, nil
}

// deleteOld looks for old rows among those that were written first: there they are, but for
// one whose call ran for long.
func (f *file) deleteOld(age time.Duration, now time.Time) (int64, error) {
	if age == 0 {
		return 0, nil
	}
	before := now.Add(-age).UnixMicro()
	oldest, err := f.number("SELECT min(queued_us) FROM (SELECT queued_us FROM calls ORDER BY seq LIMIT ?)", stepRows)
	if err != nil || oldest == 0 || oldest >= before {
		return 0, err
	}
	if _, err := f.exec("DELETE FROM lost WHERE at_us < ?", before); err != nil {
		return 0, err
	}
	return f.exec(`DELETE FROM calls WHERE queued_us < ? AND seq IN
		(SELECT seq FROM calls ORDER BY seq LIMIT ?)`, before, stepRows)
}

// deleteBeyond takes the numbers of the rows for their count: it is no less, for numbers
// are used once, and little more, for the lowest go first.
func (f *file) deleteBeyond(rows int) (int64, error) {
	if rows == 0 {
		return 0, nil
	}
	excess, err := f.number("SELECT (SELECT max(seq) FROM calls) - (SELECT min(seq) FROM calls) + 1 - ?", rows)
	if err != nil || excess <= 0 {
		return 0, err
	}
	return f.deleteFirst(min(excess, stepRows))
}

// deleteAbove keeps what is in use of the file below the size; pages that are free are
// used again. Where the file itself has become larger than it may, some are given back to
// the system.
func (f *file) deleteAbove(size int64) (int64, error) {
	if size == 0 {
		return 0, nil
	}
	var found [3]int64
	for i, pragma := range [...]string{"PRAGMA page_size", "PRAGMA page_count", "PRAGMA freelist_count"} {
		var err error
		if found[i], err = f.number(pragma); err != nil {
			return 0, err
		}
	}
	pages, count, free := size/found[0], found[1], found[2]
	if count > pages && free > 0 {
		if _, err := f.exec("PRAGMA incremental_vacuum(256)"); err != nil {
			return 0, err
		}
	}
	if count-free <= pages {
		return 0, nil
	}
	return f.deleteFirst(stepRows)
}

// deleteFirst deletes the rows that were written first: those with the n lowest numbers, of
// which some may be gone already. The bound is no subquery, for which SQLite would look for the
// rows first and delete them one by one then.
func (f *file) deleteFirst(n int64) (int64, error) {
	first, err := f.number("SELECT min(seq) FROM calls")
	if err != nil {
		return 0, err
	}
	return f.exec("DELETE FROM calls WHERE seq < ?", first+n)
}
