package history_test

import (
	"fmt"
	"testing"

	"github.com/sluice-dev/sluice/executor/history"
)

// TestMemory checks that what is kept is bounded, the last, and in order.
func TestMemory(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ keep, calls, want int }{{0, 3, 0}, {4, 3, 3}, {4, 4, 4}, {4, 11, 4}, {1, 3, 1}, {-1, 3, 0}} {
		m := history.NewMemory(test.keep)
		for i := range test.calls {
			m.Append(history.Record{Caller: fmt.Sprint(i)}, nil)
		}
		records := m.Records()
		if len(records) != test.want {
			t.Fatalf("%+v: %d kept", test, len(records))
		}
		for i, r := range records {
			if want := fmt.Sprint(test.calls - test.want + i); r.Caller != want {
				t.Errorf("%+v: record %d is of call %s, want %s", test, i, r.Caller, want)
			}
		}
	}
}
