package executor

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestWindow compares quantiles with those of the sorted last values.
func TestWindow(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(2, 2))
	var w window
	var all []time.Duration
	if w.quantile(0.5) != 0 {
		t.Error("a quantile of nothing")
	}
	for i := range 10 * windowRuns {
		d := time.Duration(r.ExpFloat64()*float64(time.Second)) * time.Duration(1+i/300)
		w.add(d)
		all = append(all, d)
		if n := w.runs(); n > 2*windowRuns || n < min(windowRuns, i+1) {
			t.Fatalf("%d runs after %d", n, i+1)
		}
		last := slices.Sorted(slices.Values(all[len(all)-w.runs():]))
		for _, q := range []float64{0.01, 0.5, 0.99, 1} {
			exact := last[max(int(q*float64(len(last))+0.999999), 1)-1]
			if got := w.quantile(q); got < exact || got > exact+exact/8+2*time.Microsecond {
				t.Fatalf("after %d: quantile %v is %v, exactly %v", i+1, q, got, exact)
			}
		}
	}
}
