package executor

import (
	"crypto/rand"
	"sync"
	"time"

	"github.com/google/uuid"
)

// idSource makes UUIDv7s (RFC 9562, section 5.7) that grow strictly within the
// process: the 12 bits behind the milliseconds are a finer clock (method 3 of
// section 6.2). It draws randomness for many ids at once, since a read of the
// system's generator for each costs more than all the rest of an id.
type idSource struct {
	mu     sync.Mutex // guards all below
	last   int64      // 48 bits of milliseconds and 12 of fraction
	unused []byte
	random [512]byte
}

func (s *idSource) next(now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var id uuid.UUID
	s.fill(id[8:])
	ns := now.UnixNano()
	stamp := ns/1e6<<12 | ns%1e6>>8
	s.last = max(stamp, s.last+1)
	for i, shift := 0, 52; i < 6; i, shift = i+1, shift-8 {
		id[i] = byte(s.last >> shift)
	}
	id[6] = 0x70 | byte(s.last>>8)&0x0f
	id[7] = byte(s.last)
	id[8] = 0x80 | id[8]&0x3f
	return id.String()
}

func (s *idSource) fill(into []byte) {
	if len(s.unused) < len(into) {
		rand.Read(s.random[:]) // never fails: see its documentation
		s.unused = s.random[:]
	}
	s.unused = s.unused[copy(into, s.unused):]
}
