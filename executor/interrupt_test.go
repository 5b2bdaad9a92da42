package executor

import (
	"context"
	"errors"
	"testing"
)

// TestHold checks that a stop reaches the outermost part that waits, the next one where
// none waits just then, and counts once.
func TestHold(t *testing.T) {
	t.Parallel()
	reason := errors.New("stopped")
	for _, early := range []bool{true, false} {
		x := &Execution{}
		if early && !x.stop(reason) {
			t.Error("the first stop does not count")
		}
		outer, cancelOuter := context.WithCancelCause(t.Context())
		inner, cancelInner := context.WithCancelCause(outer)
		if !x.hold(cancelFunc(cancelOuter)) || x.hold(cancelFunc(cancelInner)) {
			t.Error("not the outermost holds")
		}
		if x.stop(reason) == early {
			t.Error("a second stop counts, or the first does not")
		}
		if context.Cause(inner) != reason {
			t.Errorf("early %v: the cause is %v", early, context.Cause(inner))
		}
		x.release(false, cancelFunc(cancelInner))
		x.release(true, cancelFunc(cancelOuter))
		next, cancelNext := context.WithCancelCause(t.Context())
		if !x.hold(cancelFunc(cancelNext)) || context.Cause(next) != reason {
			t.Error("what comes after a stop is not stopped")
		}
	}
}
