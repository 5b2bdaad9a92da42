package upstream

import (
	"math/rand/v2"
	"time"
)

const (
	firstBackoff = 500 * time.Millisecond
	lastBackoff  = 30 * time.Second

	// steady is how long a server must have been up for its next end to count as the
	// first.
	steady = 30 * time.Second
)

// Backoff returns how long to wait after this many failures in a row: any time up to a
// bound that doubles with each of them from 0.5 s to 30 s, so that servers which went down
// together do not come back together ("full jitter": AWS Architecture Blog, "Exponential
// Backoff And Jitter", 2015).
func Backoff(failures int) time.Duration { return backoff(failures, rand.Int64N) }

func backoff(failures int, random func(n int64) int64) time.Duration {
	bound := lastBackoff
	if shift := failures - 1; shift < 10 {
		bound = min(bound, firstBackoff<<max(shift, 0))
	}
	return time.Duration(random(int64(bound)))
}
