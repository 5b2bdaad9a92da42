package bridge

import (
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/transport/mcp"
)

// pending are the requests that were passed on and have no answer yet, by the raw text of
// their ids. The bridge guards it.
type pending struct {
	requests map[string]*message
	order    []string      // of requests, and some that are answered
	none     chan struct{} // closed when there are none; nil where nobody waits
}

func newPending() pending { return pending{requests: map[string]*message{}} }

// sent notes a request; a cancellation strikes one out, for it may never be answered.
func (p *pending) sent(m *message) {
	switch {
	case m.isRequest():
		p.requests[string(m.ID)] = m
		p.note(string(m.ID))
	case m != nil && m.Method == mcp.NotificationCancelled:
		var params struct {
			ID jsontext.Value `json:"requestId"`
		}
		if jsonv2.Unmarshal(m.Params, &params) == nil {
			p.strike(string(params.ID))
		}
	}
}

// note keeps the order of the requests, and forgets now and then what is answered.
func (p *pending) note(id string) {
	if len(p.order) > 2*len(p.requests)+64 {
		kept := p.order[:0]
		for _, id := range p.order {
			if p.requests[id] != nil {
				kept = append(kept, id)
			}
		}
		p.order = kept
	}
	p.order = append(p.order, id)
}

// answered strikes out the request that m answers.
func (p *pending) answered(m *message) {
	if m.isResponse() {
		p.strike(string(m.ID))
	}
}

func (p *pending) strike(id string) {
	delete(p.requests, id)
	p.signal()
}

func (p *pending) signal() {
	if len(p.requests) == 0 && p.none != nil {
		close(p.none)
		p.none = nil
	}
}

// takeAll returns all requests in the order in which they were sent, and strikes them
// out.
func (p *pending) takeAll() []*message {
	var all []*message
	for _, id := range p.order {
		if m := p.requests[id]; m != nil {
			all = append(all, m)
			delete(p.requests, id)
		}
	}
	p.order = nil
	p.signal()
	return all
}

// idle returns what is closed when no request is without an answer.
func (p *pending) idle() <-chan struct{} {
	if p.none == nil {
		p.none = make(chan struct{})
	}
	none := p.none
	p.signal()
	return none
}
