package executor

import (
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// idSource makes UUIDv7s (RFC 9562, section 5.7) that grow strictly within the
// process: the 12 bits behind the milliseconds are a finer clock (method 3 of
// section 6.2).
type idSource struct {
	last   atomic.Int64 // 48 bits of milliseconds and 12 of fraction
	random sync.Pool    // of *randomness
}

func (s *idSource) next(now time.Time) string {
	ns := now.UnixNano()
	stamp := s.after(ns/1e6<<12 | ns%1e6>>8)
	var id uuid.UUID
	s.fill(id[8:])
	for i, shift := 0, 52; i < 6; i, shift = i+1, shift-8 {
		id[i] = byte(stamp >> shift)
	}
	id[6] = 0x70 | byte(stamp>>8)&0x0f
	id[7] = byte(stamp)
	id[8] = 0x80 | id[8]&0x3f
	return id.String()
}

// after returns the stamp, or the next one behind the last where that is greater.
func (s *idSource) after(stamp int64) int64 {
	for {
		last := s.last.Load()
		stamp := max(stamp, last+1)
		if s.last.CompareAndSwap(last, stamp) {
			return stamp
		}
	}
}

// randomness is drawn for many ids at once: a read of the system's generator for each
// costs more than all the rest of an id.
type randomness struct {
	unused []byte
	drawn  [512]byte
}

func (s *idSource) fill(into []byte) {
	r, _ := s.random.Get().(*randomness)
	if r == nil {
		r = &randomness{}
	}
	if len(r.unused) < len(into) {
		rand.Read(r.drawn[:]) // never fails: see its documentation
		r.unused = r.drawn[:]
	}
	r.unused = r.unused[copy(into, r.unused):]
	s.random.Put(r)
}
