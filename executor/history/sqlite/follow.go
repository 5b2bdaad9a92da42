package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"math"
	"os"
	"slices"
	"time"

	"github.com/sluice-dev/sluice/executor/history"
)

// pollEvery is how often a follower looks for new rows.
const pollEvery = 250 * time.Millisecond

// Follow yields the last entries that the filter wants, as many as its limit says, and
// then each that is written, by whatever process, in the order in which they were written.
// It waits for a file that is not there yet, and goes on in a new one. It ends when ctx is done,
// without an error.
func (s *Store) Follow(ctx context.Context, filter history.Filter) iter.Seq2[history.Entry, error] {
	return func(yield func(history.Entry, error) bool) {
		f := follower{store: s, filter: filter, yield: yield}
		defer f.close()
		ticker := time.NewTicker(pollEvery)
		defer ticker.Stop()
		for {
			more, err := f.poll(ctx)
			if ctx.Err() != nil || err == nil && !more {
				return
			}
			if err != nil {
				yield(history.Entry{}, err)
				return
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	}
}

// follower is the state of one Follow.
type follower struct {
	store  *Store
	filter history.Filter
	yield  func(history.Entry, error) bool

	conn  *conn // nil while there is no file
	info  fs.FileInfo
	began bool  // the entries that were there first are yielded
	last  int64 // seq of the row that was yielded last
}

func (f *follower) close() {
	if f.conn != nil {
		f.conn.close()
		f.conn = nil
	}
}

// poll yields what is new; more is false where the consumer has had enough.
func (f *follower) poll(ctx context.Context) (more bool, err error) {
	if err := f.open(); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			f.began = true // whatever comes is new
			return true, nil
		}
		return false, err
	}
	if !f.began {
		f.began = true
		return f.yieldLast(ctx)
	}
	for {
		var w where
		w.filter(&f.filter)
		w.add("seq > ?", f.last)
		entries, last, err := f.conn.rows(ctx, &w, "seq", pageRows)
		if err != nil || len(entries) == 0 {
			return true, err
		}
		f.last = last
		if !f.yieldAll(entries) {
			return false, nil
		}
	}
}

// open opens the file that is at the path now.
func (f *follower) open() error {
	info, err := os.Stat(f.store.path)
	if err == nil && f.conn != nil && os.SameFile(info, f.info) {
		return nil
	}
	f.close()
	if err != nil {
		return err
	}
	if f.conn, err = f.store.openReader(); err != nil {
		return err
	}
	f.info, f.last = info, 0
	return nil
}

// yieldLast yields the entries that are there, the last of them where the filter has a
// limit.
func (f *follower) yieldLast(ctx context.Context) (more bool, err error) {
	end, err := f.conn.number("SELECT max(seq) FROM calls")
	if err != nil {
		return false, err
	}
	var w where
	w.filter(&f.filter)
	w.add("seq <= ?", end)
	limit := f.filter.Limit
	if limit <= 0 {
		limit = math.MaxInt32
	}
	entries, _, err := f.conn.rows(ctx, &w, "seq DESC", limit)
	slices.Reverse(entries)
	f.last = end
	return f.yieldAll(entries), err
}

func (f *follower) yieldAll(entries []history.Entry) bool {
	for _, e := range entries {
		if !f.yield(e, nil) {
			return false
		}
	}
	return true
}
