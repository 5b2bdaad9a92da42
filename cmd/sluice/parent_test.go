package main

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestUntilDead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dead atomic.Bool
		ctx, stop := untilDead(t.Context(), func() bool { return !dead.Load() })
		time.Sleep(time.Hour)
		if ctx.Err() != nil {
			t.Fatalf("ended: %v", context.Cause(ctx))
		}
		dead.Store(true)
		died := time.Now()
		<-ctx.Done()
		if took := time.Since(died); took > parentEvery || !errors.Is(context.Cause(ctx), errOrphaned) {
			t.Errorf("after %v: %v", took, context.Cause(ctx))
		}
		stop()

		ctx, stop = untilDead(t.Context(), func() bool { return true })
		stop()
		if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("stopped: %v", err)
		}
	})
}

// TestParentOfTheTest has one that lives.
func TestParentOfTheTest(t *testing.T) {
	t.Parallel()
	ctx, stop := untilOrphaned(t.Context())
	if ctx.Err() != nil {
		t.Error(context.Cause(ctx))
	}
	stop()
}
