package sqlite

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	lib "modernc.org/sqlite/lib"

	"github.com/sluice-dev/sluice/executor/history"
)

// TestValuesStayApart writes rows whose values come and go and have all lengths up to the
// longest, since values stay bound from one statement to the next.
func TestValuesStayApart(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{})
	random := rand.New(rand.NewPCG(1, 2))
	text := func(least int) string {
		lengths := []int{least, 1, 5, 5, maxName - 1, maxName}
		return strings.Repeat(string('a'+rune(random.IntN(3))), max(least, lengths[random.IntN(len(lengths))]))
	}
	number := func() int64 { return random.Int64N(3) - 1 }
	var want []history.Entry
	for range 5*manyRows + 3 {
		came := time.UnixMicro(time.Now().UnixMicro() + int64(len(want)))
		r := history.Record{
			ID: text(1), Tool: text(0), Caller: text(0), Transport: text(0), Priority: text(0), Sandbox: text(0),
			Outcome: history.Outcome(text(0)), Kind: history.Kind(text(0)), Reason: text(0), Cached: history.Cached(text(0)),
			Queued: came, Finished: came, BytesIn: number(), BytesOut: number(), NotesDropped: number(), Abandoned: number() == 0,
		}
		s.Append(r, nil)
		want = append([]history.Entry{{Record: r}}, want...)
		if random.IntN(2*manyRows) == 0 {
			flush(t, s)
		}
	}
	got := collect(t, s.Query(t.Context(), history.Filter{}))
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%d rows, want %d, or not what was written", len(got), len(want))
	}
}

// TestFileWithoutTable opens a file that has lost its table, which is no damage that SQLite
// sees: the statements cannot be compiled.
func TestFileWithoutTable(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{})
	appendCalls(t, s, 1)
	execAt(t, s.Path(), "DROP TABLE calls")
	other := storeAt(t, s.Path(), Options{})
	other.Append(call("a", 0), nil)
	if err := other.Flush(t.Context()); code(err) != lib.SQLITE_ERROR {
		t.Errorf("got %v", err)
	}
	if h := other.Health(); h.Waiting != 1 || h.Err == nil {
		t.Errorf("%+v", h)
	}
}
