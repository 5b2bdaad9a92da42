package upstream

import (
	"encoding/json"
	"sync"

	"github.com/sluice-dev/sluice/tools"
)

// pending is one request that has no answer yet.
type pending struct {
	id   uint64
	opts CallOptions

	// standing says that no answer is due until the server ends what was asked for.
	standing bool

	// params are those of the request, encoded. Conn never sees them: it would
	// encode them once more.
	params []byte

	// result and err are the answer. The reader writes them before it passes the
	// id on, so whoever waits for the id may read them.
	result json.RawMessage
	err    error

	mu    sync.Mutex // held while a callback runs
	ended bool       // guarded by mu: no callback from now on
}

// calls holds the requests that have no answer yet, by id. Each leaves exactly once:
// by its answer, or because its caller gave it up.
type calls struct {
	mu   sync.Mutex // guards byID
	byID map[uint64]*pending
}

func newCalls() *calls { return &calls{byID: map[uint64]*pending{}} }

func (c *calls) add(p *pending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byID[p.id] = p
}

// take removes the request of this id and returns it, nil where there is none.
func (c *calls) take(id uint64) *pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.byID[id]
	delete(c.byID, id)
	return p
}

func (c *calls) get(id uint64) *pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.byID[id]
}

// only returns the id of the one request in flight that is due an answer, and false
// where there is none or are several. With several, nothing says which of them an error without an id is
// about, and a call must not fail for another's fault.
func (c *calls) only() (id uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	due := 0
	for i, p := range c.byID {
		if !p.standing {
			id, due = i, due+1
		}
	}
	return id, due == 1
}

// listening returns the requests that asked for notes of this level.
func (c *calls) listening(level tools.Level) []*pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []*pending
	for _, p := range c.byID {
		if p.opts.OnLog != nil && level.Severity() >= p.opts.LogLevel.Severity() {
			found = append(found, p)
		}
	}
	return found
}

func (p *pending) progress(update tools.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended && p.opts.OnProgress != nil {
		p.opts.OnProgress(update)
	}
}

func (p *pending) note(n Note) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		p.opts.OnLog(n)
	}
}

// end keeps callbacks from running once the call has returned.
func (p *pending) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
}
