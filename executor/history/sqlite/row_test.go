package sqlite

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

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
