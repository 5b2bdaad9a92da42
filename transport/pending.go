package transport

import (
	"context"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
)

// A pending is a call in flight. Whatever is sent about it is sent under conn.mu
// while it is in conn.requests, so that nothing leaves after its end.
type pending struct {
	request  *request
	call     executor.Request
	job      *executor.Job // guarded by conn.mu before it starts; set by the reader goroutine
	token    string        // the key of the progress token that it was given; empty for none
	progress ticket        // guarded by conn.mu; the last progress that was queued
}

// begin enters a call of a tool and reports whether it may be run; if so it must be ended by
// finish. Otherwise it is answered.
func (c *conn) begin(p *pending) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leaving {
		c.answer(p.request, c.failureFrame(p.request, executor.ShuttingDown(p.call.Tool)))
		return false
	}
	c.requests[p.request.key] = p
	c.claimToken(p)
	c.calls.Add(1)
	return true
}

// claimToken gives a call the progress token that it asks for. One that another call
// in flight has is not served twice: the caller could not tell the two apart. The
// caller holds c.mu.
func (c *conn) claimToken(p *pending) {
	if p.request.token == nil {
		return
	}
	if key := p.request.token.key(); !c.tokens[key] {
		c.tokens[key] = true
		p.token = key
	}
}

// release takes a call out of the tables. The caller holds c.mu.
func (c *conn) release(p *pending) {
	delete(c.requests, p.request.key)
	if p.token != "" {
		delete(c.tokens, p.token)
	}
}

// finish ends a call with its response, unless the caller cancelled it before.
func (c *conn) finish(p *pending, frame []byte) {
	defer c.calls.Done()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.live(p) {
		p.request.batch.settle()
		return
	}
	c.release(p)
	c.answer(p.request, frame)
}

// start has the engine run a call that was begun, and then done, now or with the burst.
func (c *conn) start(p *pending, job *executor.Job, done func(*tools.Result, error)) {
	c.mu.Lock()
	p.job = job
	if c.stopped != nil {
		job.Cancel(c.stopped)
	}
	c.mu.Unlock()
	if p.request.batch != nil || !c.in.gather(p.request, job, done) {
		job.Start(done)
	}
}

// stopCalls cancels the calls in flight and all to come, with why the connection has ended
// if it has. Were that the end of their context instead, the engine would have to wait
// for it in each call, which costs 0.1 us.
func (c *conn) stopCalls(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped != nil {
		return
	}
	if c.stopped = context.Cause(c.ctx); c.stopped == nil {
		c.stopped = cause
	}
	for _, p := range c.requests {
		if p.job != nil {
			p.job.Cancel(c.stopped)
		}
	}
}

// offer queues a message about a call that may be lost under back-pressure. With
// latest it is then the last such that is kept.
func (c *conn) offer(p *pending, frame []byte, latest bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.live(p):
	case latest:
		p.progress = c.out.offer(p, p.progress, frame)
	default:
		c.out.offer(p, 0, frame)
	}
}

// cancelled is the peer's wish to hear no more of a request. It is answered with
// silence, and so is a wish about a request that is not in flight
// (specification 2026-07-28, basic/patterns/cancellation).
func (c *conn) cancelled(id rawID, cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := id.key()
	delete(c.subscriptions, key)
	if p, ok := c.requests[key]; ok {
		c.release(p)
		c.out.withdraw(p)
		p.job.Cancel(cause)
	}
}

// live reports whether a call is still to be answered. The caller holds c.mu.
func (c *conn) live(p *pending) bool { return c.requests[p.request.key] == p }

// inFlight reports whether a request with an id of this key is open. Only the reader goroutine,
// which asks, opens any.
func (c *conn) inFlight(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests[key] != nil || c.subscriptions[key] != nil
}
