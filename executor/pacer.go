package executor

import "time"

// A pacer is a token bucket that is only its arithmetic (the generic cell rate
// algorithm, ITU-T I.371, annex A): full is when the bucket will be full again.
type pacer struct{ full time.Duration }

// wait returns how long it is, at now, until one may go.
func (p *pacer) wait(now time.Duration, burst int, every time.Duration) time.Duration {
	return p.full - time.Duration(burst-1)*every - now
}

// spend takes one.
func (p *pacer) spend(now, every time.Duration) { p.full = max(p.full, now) + every }

// debt returns how long it is, at now, until the bucket is full.
func (p *pacer) debt(now time.Duration) time.Duration { return max(p.full-now, 0) }
