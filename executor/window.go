package executor

import (
	"math"
	"time"
)

// A window is a histogram of the last durations: windowRuns of them at least, once
// there are so many, and twice that at most. It counts in two halves, of which the
// older is dropped when the newer is full: so it forgets without keeping an order, and
// a duration costs no more than in a histogram that never forgets.
type window struct {
	newer, older half
}

type half struct {
	runs    int
	buckets [durationBuckets]uint8 // windowRuns fit in
}

const windowRuns = 128

func (w *window) add(d time.Duration) {
	if w.newer.runs == windowRuns {
		w.older, w.newer = w.newer, half{}
	}
	w.newer.runs++
	w.newer.buckets[bucketOf(d)]++
}

func (w *window) runs() int { return w.newer.runs + w.older.runs }

// quantile returns what a share q of the durations does not exceed, as exactly as
// [Durations.Quantile]; 0 where there are none. It counts from above, where the
// quantiles lie that are asked for.
func (w *window) quantile(q float64) time.Duration {
	runs := w.runs()
	above := runs - int(math.Ceil(q*float64(runs)))
	for i := durationBuckets - 1; i >= 0; i-- {
		if above -= int(w.newer.buckets[i]) + int(w.older.buckets[i]); above < 0 {
			return bucketEnd(i)
		}
	}
	return 0
}
