package sqlite

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/executor/history"
)

// TestRetention shows each limit bite, and what is written first or is oldest go first.
func TestRetention(t *testing.T) {
	t.Parallel()
	const n = 3*stepRows + 1
	for _, test := range []struct {
		name string
		opts Options
		want int // rows left of n, which came a second apart
	}{
		{"none", Options{Age: -1, Rows: -1, Size: -1}, n},
		{"default", Options{}, n},
		{"age", Options{Age: 100*time.Second + time.Second/2}, 101},
		{"rows", Options{Rows: 7}, 7},
		{"age first", Options{Age: 5*time.Second + time.Second/2, Rows: 7}, 6},
		{"rows first", Options{Age: 100 * time.Second, Rows: 7}, 7},
	} {
		s := newStore(t, test.opts)
		appendCalls(t, s, n)
		left := collect(t, s.Query(t.Context(), history.Filter{}))
		if len(left) != test.want && !(test.opts.Age > 0 && len(left) == test.want-1) { // a second may have gone by
			t.Errorf("%s: %d rows are left, want %d", test.name, len(left), test.want)
		}
		if left[0].ID != fmt.Sprint(n-1) {
			t.Errorf("%s: the newest is %s", test.name, left[0].ID)
		}
	}
}

// TestRetentionOfTime lets the clock have been wrong: what is old goes even where it was
// written last.
func TestRetentionOfTime(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{Age: time.Hour})
	s.Append(call("ahead", -24*time.Hour), nil)
	s.Append(call("old", 2*time.Hour), nil)
	s.Append(call("now", 0), nil)
	if got := ids(collect(t, s.Query(t.Context(), history.Filter{}))); got != "now ahead" {
		t.Errorf("left: %s", got)
	}
}

// TestSize writes several times what the file may hold, and then lets it hold less.
func TestSize(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{Size: 1 << 20})
	write := func(s *Store, from, to int) int64 {
		for i := from; i < to; i++ {
			r := call(fmt.Sprint(i), 0)
			r.Reason = strings.Repeat("x", 200)
			s.Append(r, nil)
			if i%2000 == 0 {
				flush(t, s)
			}
		}
		flush(t, s)
		execAt(t, s.Path(), "PRAGMA wal_checkpoint(TRUNCATE)")
		info, err := os.Stat(s.Path())
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	if size := write(s, 0, 6_000); size > 3<<20/2 || size < 1<<19 {
		t.Errorf("%d bytes", size)
	}
	smaller := storeAt(t, s.Path(), Options{Size: 1 << 18})
	if size := write(smaller, 6_000, 7_000); size > 1<<19 {
		t.Errorf("%d bytes in spite of the smaller limit", size)
	}
	if e := collect(t, s.Query(t.Context(), history.Filter{Limit: 1})); e[0].ID != "6999" {
		t.Errorf("the newest is %s", e[0].ID)
	}
}

// TestLostIsForgotten checks that the counts of lost rows do not outlive the rows.
func TestLostIsForgotten(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{Age: time.Hour})
	appendCalls(t, s, 1)
	execAt(t, s.Path(), fmt.Sprintf("INSERT INTO lost VALUES (%d, 5), (%d, 7)",
		time.Now().Add(-2*time.Hour).UnixMicro(), time.Now().UnixMicro()))
	s.Append(call("old", 2*time.Hour), nil)
	flush(t, s)
	if lost, err := s.Lost(t.Context(), time.Time{}, time.Time{}); err != nil || lost != 7 {
		t.Errorf("%d, %v", lost, err)
	}
}

// TestRetentionGivesWay checks that new rows go before deleting old ones, but that more is
// deleted than was written.
func TestRetentionGivesWay(t *testing.T) {
	t.Parallel()
	for written, want := range map[int]int{0: 3 * stepRows, stepRows: 2 * stepRows} {
		s := newStore(t, Options{Rows: -1})
		appendCalls(t, s, 4*stepRows)
		busy := New(s.Path(), Options{Rows: 1})
		for range batchRows {
			busy.pending.add(&history.Record{}, nil)
		}
		w := newWriter(busy)
		if err := w.openFile(); err != nil {
			t.Fatal(err)
		}
		w.retain(written)
		w.closeFile()
		if n := len(collect(t, s.Query(t.Context(), history.Filter{}))); n != want {
			t.Errorf("%d rows are left after %d were written, want %d", n, written, want)
		}
	}
}
