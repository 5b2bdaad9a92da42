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

func (d *Durations) add(other *Durations) {
	d.Count += other.Count
	d.Sum += other.Sum
	for i, n := range other.buckets {
		d.buckets[i] += n
	}
}

// A histogram counts durations in buckets that grow with them: one for each
// microsecond up to 8, then 8 for each doubling. To count is three atomic additions.
type histogram struct {
	count   atomic.Uint64
	sum     atomic.Int64
	buckets [durationBuckets]atomic.Uint64
}

const (
	bucketBits      = 3 // 2^3 buckets for a doubling
	durationBuckets = 29 << bucketBits
)

func (h *histogram) add(d time.Duration) {
	h.count.Add(1)
	h.sum.Add(int64(d))
	h.buckets[bucketOf(d)].Add(1)
}

func (h *histogram) read() (d Durations) {
	d.Count, d.Sum = h.count.Load(), time.Duration(h.sum.Load())
	for i := range h.buckets {
		d.buckets[i] = h.buckets[i].Load()
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
