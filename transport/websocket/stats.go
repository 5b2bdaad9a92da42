package websocket

import "sync/atomic"

// Stats are the numbers of a [Handler] at one moment.
type Stats struct {
	// Connections is how many are open, and Accepted how many ever were.
	Connections int
	Accepted    uint64
	// Refused is how many requests were refused, by their HTTP status.
	Refused map[int]uint64
}

// refusals counts requests that were refused, by their status, which is an error of HTTP.
type refusals [200]atomic.Uint64

const firstRefusal = 400

func (r *refusals) count(status int) {
	if i := status - firstRefusal; 0 <= i && i < len(r) {
		r[i].Add(1)
	}
}

// Stats returns the numbers as they stand.
func (h *Handler) Stats() Stats {
	s := Stats{Refused: map[int]uint64{}}
	s.Connections, s.Accepted = h.door.count()
	for i := range h.refused {
		if n := h.refused[i].Load(); n > 0 {
			s.Refused[firstRefusal+i] = n
		}
	}
	return s
}

// count returns how many are inside, and how many were ever let in.
func (d *door) count() (inside int, entered uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.inside, d.entered
}
