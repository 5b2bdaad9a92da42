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
		if !x.hold(cancelOuter) || x.hold(cancelInner) {
			t.Error("not the outermost holds")
		}
		if x.stop(reason) == early {
			t.Error("a second stop counts, or the first does not")
		}
		if context.Cause(inner) != reason {
			t.Errorf("early %v: the cause is %v", early, context.Cause(inner))
		}
		x.release(false, cancelInner)
		x.release(true, cancelOuter)
		next, cancelNext := context.WithCancelCause(t.Context())
		if !x.hold(cancelNext) || context.Cause(next) != reason {
			t.Error("what comes after a stop is not stopped")
		}
	}
}
