package executor

import (
	"context"
	"sync"
)

// A callContext is the context that a handler is given. It ends with its parent, or when
// it is cancelled, with the cause of that. It makes itself one of package context's own
// only for who asks for more than whether it has ended: most handlers return before they
// have asked, and such a context, its channel and its place with its parent cost a short
// call more than the queue does.
type callContext struct {
	context.Context // the parent, whose deadline this one has too

	mu    sync.Mutex              // guards all below
	cause error                   // nil until it is cancelled
	own   context.Context         // nil until it is asked for
	end   context.CancelCauseFunc // of own
	ears  watcher                 // is told when it is cancelled; nil where nobody listens
}

// A watcher is told that a context was cancelled, at once and under its lock.
type watcher interface{ contextCancelled() }

// newContext returns a context for a handler of the call. Only the first is part of the
// execution: a handler that was abandoned keeps its own while a policy of the user's
// repeats the call.
func (x *Execution) newContext(parent context.Context) *callContext {
	c := &x.context
	if c.Context != nil {
		c = &callContext{}
	}
	c.Context = parent
	return c
}

// Done is closed when the context has ended.
func (c *callContext) Done() <-chan struct{} { return c.full().Done() }

// Value finds in the context what package context looks for there, beside what its
// parent has.
func (c *callContext) Value(key any) any { return c.full().Value(key) }

// Err says whether the context has ended.
func (c *callContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.own != nil:
		return c.own.Err()
	case c.cause != nil:
		return context.Canceled
	}
	return c.Context.Err()
}

// full returns a context of package context's own that ends with this one.
func (c *callContext) full() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.own == nil {
		c.own, c.end = context.WithCancelCause(c.Context)
		if c.cause != nil {
			c.end(c.cause)
		}
	}
	return c.own
}

// cancel ends the context, unless it was cancelled before.
func (c *callContext) cancel(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return
	}
	c.cause = cause
	if c.end != nil {
		c.end(cause)
	}
	if c.ears != nil {
		c.ears.contextCancelled()
	}
}

// watch has the watcher told when the context is cancelled, until ignore. It returns false
// where it was cancelled before. Of the end of the parent the watcher hears nothing.
func (c *callContext) watch(w watcher) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ears = w
	return c.cause == nil
}

// ignore ends what watch began.
func (c *callContext) ignore() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ears = nil
}
