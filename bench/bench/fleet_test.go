package main

import (
	"errors"
	"regexp"
	"sync/atomic"
	"testing"
	"time"
)

// TestFleet builds every program, and sees that each can be started, spoken to and
// counted, and that Sluice does not mix answers up.
func TestFleet(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	t.Chdir("..") // tests run in the folder of their package
	f, err := build(t.Context(), "..", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Run("measures", func(t *testing.T) { measuresAll(t, f) })
	t.Run("tags", func(t *testing.T) { keepsTags(t, f) })
}

func measuresAll(t *testing.T, f *fleet) {
	only := regexp.MustCompile(`^((stdio|websocket)/(4KiB|progress)|proxy/64B)$`)
	results, err := compare(t.Context(), f, options{rounds: 1, length: 50 * time.Millisecond, only: only})
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 5+3+3+2+1 {
		t.Errorf("%d results", len(results))
	}
	for _, r := range results {
		s := r.samples[0]
		if s.rate <= 0 || s.p50 <= 0 || s.p99 < s.p50 || s.peak <= 0 {
			t.Errorf("%s of %s: %+v", r.comparison.name, r.server, s)
		}
		if r.server != syncFloor && (r.allocated.objects <= 0 || r.allocated.bytes <= 0) {
			t.Errorf("%s of %s: allocated %+v", r.comparison.name, r.server, r.allocated)
		}
		if r.comparison.load.progress && s.progress < 1 {
			t.Errorf("%s of %s: %v reports a call", r.comparison.name, r.server, s.progress)
		}
	}
}

func keepsTags(t *testing.T, f *fleet) {
	budgets, err := taggedCalls(t.Context(), f, options{quick: true})
	if err != nil {
		t.Fatal(err)
	}
	if b := budgets[0]; b.verdict() != "met" {
		t.Errorf("%s: %v (%s)", b.what, b.value, b.note)
	}
}

// TestTagged sees a mixed-up answer found.
func TestTagged(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]bool{
		`{"id":5,"result":{"text":"call 1"}}`: true,
		`{"id":5,"result":{"text":"call 2"}}`: false,
		`{"id":6,"result":{"text":"call 1"}}`: false,
	} {
		l := newPond(func([]byte) [][]byte { return [][]byte{[]byte(answer)} })
		if right, err := tagged(l, "call 1", 5); err != nil || right != want {
			t.Errorf("%s: %v, %v, want %v", answer, right, err, want)
		}
	}
}

func TestEach(t *testing.T) {
	t.Parallel()
	var sum atomic.Int64
	if err := each(4, 100, func(i int) error { sum.Add(int64(i)); return nil }); err != nil || sum.Load() != 4950 {
		t.Errorf("the sum is %d, %v", sum.Load(), err)
	}
	if err := each(4, 100, func(i int) error { return errors.New("no") }); err == nil {
		t.Error("the error was lost")
	}
}
