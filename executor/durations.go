package executor

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// Durations is a distribution of durations.
type Durations struct {
	// Count is how many there are, Sum their sum.
	Count uint64
	Sum   time.Duration

	buckets [durationBuckets]uint64
}

// Mean returns the average; 0 where there are none.
func (d *Durations) Mean() time.Duration {
	if d.Count == 0 {
		return 0
	}
	return d.Sum / time.Duration(d.Count)
}

// Quantile returns what a share q (0 to 1) of the durations does not exceed; 0 where
// there are none. It is too high by an eighth at most, or by a microsecond; what is
// longer than 35 minutes counts as that.
func (d *Durations) Quantile(q float64) time.Duration {
	rank := max(uint64(math.Ceil(q*float64(d.Count))), 1)
	for i, n := range d.buckets {
		if n >= rank {
			return bucketEnd(i)
		}
		rank -= n
	}
	return 0
}

// Below returns how many of the durations are below each of the bounds, which must grow.
// It is exact for 2^n microseconds, from 8 microseconds to 17 minutes; of other bounds it
// leaves out what is within an eighth below.
func (d *Durations) Below(bounds ...time.Duration) []uint64 {
	counts := make([]uint64, len(bounds))
	sum, next := uint64(0), 0
	for i, bound := range bounds {
		for ; next < len(d.buckets)-1 && bucketEnd(next) <= bound; next++ { // the last one has no end
			sum += d.buckets[next]
		}
		counts[i] = sum
	}
	return counts
}

func (d *Durations) add(other *Durations) {
	d.Count += other.Count
	d.Sum += other.Sum
	for i, n := range other.buckets {
		d.buckets[i] += n
	}
}

// A histogram counts durations in buckets that grow with them: one for each
// microsecond up to 8, then 8 for each doubling. To count is two atomic additions; how many
// there are is the sum of the buckets, so that the two agree whenever they are read.
type histogram struct {
	sum     atomic.Int64
	buckets [durationBuckets]atomic.Uint64
}

const (
	bucketBits      = 3 // 2^3 buckets for a doubling
	durationBuckets = 29 << bucketBits
)

func (h *histogram) add(d time.Duration) {
	h.sum.Add(int64(d))
	h.buckets[bucketOf(d)].Add(1)
}

func (h *histogram) read() (d Durations) {
	d.Sum = time.Duration(h.sum.Load())
	for i := range h.buckets {
		d.buckets[i] = h.buckets[i].Load()
		d.Count += d.buckets[i]
	}
	return d
}

func bucketOf(d time.Duration) int {
	us := uint64(max(d, 0) / time.Microsecond)
	doublings := max(bits.Len64(us)-1-bucketBits, 0)
	return min(doublings<<bucketBits+int(us>>doublings), durationBuckets-1)
}

// bucketEnd returns the upper end of a bucket.
func bucketEnd(i int) time.Duration {
	doublings := max(i>>bucketBits-1, 0)
	return time.Duration((i-doublings<<bucketBits+1)<<doublings) * time.Microsecond
}
