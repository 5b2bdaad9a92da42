package websocket

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	// ticketLife is how long a ticket may be used. It stands in a URL, which ends up
	// in logs, so it is worth nothing by the time that anybody reads them.
	ticketLife = 30 * time.Second
	// maxTickets is how many tickets a caller may take within ticketLife.
	maxTickets = 1000
)

// tickets are what callers have taken and not used. The zero value is empty and
// ready.
type tickets struct {
	mu     sync.Mutex // guards all below
	passes map[ticketHash]pass
	issued map[string]int // by caller, within ticketLife
	queue  []issue        // within ticketLife, in the order of their ends
}

type ticketHash [sha256.Size]byte

type issue struct {
	hash   ticketHash
	caller string
	end    time.Time
}

// take makes a ticket that stands for a pass. It returns false if the caller has taken too
// many.
func (t *tickets) take(p pass, now time.Time) (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(now)
	if t.issued[p.caller] >= maxTickets {
		return "", false
	}
	if t.passes == nil {
		t.passes, t.issued = map[ticketHash]pass{}, map[string]int{}
	}
	ticket := rand.Text()
	hash := ticketHash(sha256.Sum256([]byte(ticket)))
	t.passes[hash] = p
	t.issued[p.caller]++
	t.queue = append(t.queue, issue{hash, p.caller, now.Add(ticketLife)})
	return ticket, true
}

// use returns what the ticket stands for, once.
func (t *tickets) use(ticket string, now time.Time) (p pass, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(now)
	hash := ticketHash(sha256.Sum256([]byte(ticket)))
	p, ok = t.passes[hash]
	delete(t.passes, hash)
	return p, ok
}

// expire forgets what has ended by now.
func (t *tickets) expire(now time.Time) {
	for len(t.queue) > 0 && !now.Before(t.queue[0].end) {
		old := t.queue[0]
		t.queue = t.queue[1:]
		delete(t.passes, old.hash)
		if t.issued[old.caller]--; t.issued[old.caller] == 0 {
			delete(t.issued, old.caller)
		}
	}
}

// serveTicket answers POST /ticket.
func (h *Handler) serveTicket(w http.ResponseWriter, r *http.Request) {
	ticket, ok := h.tickets.take(passOf(r), time.Now())
	if !ok {
		(&refusal{
			status: http.StatusTooManyRequests,
			text:   "Too many tickets were taken with this token. Wait until they have expired.",
			retry:  ticketLife,
		}).write(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	fmt.Fprintf(w, `{"ticket":%q,"expiresInMs":%d}`+"\n", ticket, ticketLife.Milliseconds())
}
