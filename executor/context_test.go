package executor

import (
	"context"
	"errors"
	"testing"
	"time"
)

type contextKey struct{}

// TestCallContext checks that a handler's context is to its user like one of package
// context's own: whether anybody has looked at it before it ends or not, whichever way it
// ends.
func TestCallContext(t *testing.T) {
	t.Parallel()
	cause := errors.New("the cause")
	for name, end := range map[string]func(parent context.CancelCauseFunc, c *callContext){
		"cancelled": func(_ context.CancelCauseFunc, c *callContext) { c.cancel(cause); c.cancel(errors.New("a later one")) },
		"parent":    func(parent context.CancelCauseFunc, _ *callContext) { parent(cause) },
	} {
		for _, seen := range []bool{false, true} {
			deadline := time.Now().Add(time.Hour)
			above, stop := context.WithDeadline(context.WithValue(t.Context(), contextKey{}, "value"), deadline)
			defer stop()
			parent, cancel := context.WithCancelCause(above)
			c := (&Execution{}).newContext(parent)
			if got, ok := c.Deadline(); !ok || !got.Equal(deadline) || c.Err() != nil || c.own != nil {
				t.Errorf("%s: before anybody looks: deadline %v, %v, %v", name, got, c.Err(), c.own)
			}
			var child context.Context = c
			if seen {
				child, stop = context.WithTimeout(c, time.Hour)
				defer stop()
			}
			end(cancel, c)
			select {
			case <-child.Done():
			default:
				t.Errorf("%s, seen %v: not done", name, seen)
			}
			if c.Err() != context.Canceled || child.Err() != context.Canceled || context.Cause(c) != cause || context.Cause(child) != cause {
				t.Errorf("%s, seen %v: %v by %v, the child %v by %v", name, seen, c.Err(), context.Cause(c), child.Err(), context.Cause(child))
			}
			if c.Value(contextKey{}) != "value" {
				t.Errorf("%s: value %v", name, c.Value(contextKey{}))
			}
		}
	}
}

// A counter counts what it is told.
type counter int

func (n *counter) contextCancelled() { *n++ }

// TestCallContextNews checks who is told of the end: whoever watches, once, and nobody
// behind ignore; who comes late is told so at once.
func TestCallContextNews(t *testing.T) {
	t.Parallel()
	var told counter
	x := &Execution{}
	c := x.newContext(t.Context())
	if !c.watch(&told) {
		t.Error("it was cancelled before")
	}
	c.cancel(ErrTimeout)
	c.cancel(ErrTimeout)
	c.ignore()
	if told != 1 {
		t.Errorf("a watcher was told %d times", told)
	}
	if c.watch(&told) {
		t.Error("one that came late was not told")
	}
	second := x.newContext(t.Context())
	if second == c || second.Err() != nil {
		t.Error("a handler of the call shares the context of one before")
	}
	second.watch(&told)
	second.ignore()
	if second.cancel(ErrTimeout); told != 1 {
		t.Error("one was told that does not watch any more")
	}
}

// TestQuickCallAllocates holds the pipeline to its budget of allocations.
func TestQuickCallAllocates(t *testing.T) {
	e, run := benchEngine(t, map[string]bool{"validate": true})
	defer e.KeepReady()()
	req := &Request{Tool: "echo"}
	n := testing.AllocsPerRun(1000, func() {
		if _, err := run(t.Context(), e.newExecution(req)); err != nil {
			t.Error(err)
		}
	})
	if n > 4 {
		t.Errorf("%v allocations", n)
	}
}
