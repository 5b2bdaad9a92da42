package main

import (
	"context"
	"errors"
	"time"
)

// errOrphaned is the cause of a stop where the process that started this one has ended. A
// client that crashes closes its end of stdin with that, unless another process has
// inherited it; and then nobody would ever come back.
var errOrphaned = errors.New("the process that started this one has ended")

// parentEvery is how often it is looked whether the parent lives.
const parentEvery = 5 * time.Second

// untilOrphaned returns a copy of ctx that ends with [errOrphaned] soon after the process
// that started this one has ended. Stop must be called.
func untilOrphaned(ctx context.Context) (_ context.Context, stop func()) {
	alive, release := watchParent()
	if alive == nil {
		return ctx, func() {}
	}
	ctx, wait := untilDead(ctx, alive)
	return ctx, func() {
		wait()
		release()
	}
}

// untilDead returns a copy of ctx that ends with [errOrphaned] when alive no longer says
// so.
func untilDead(ctx context.Context, alive func() bool) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(parentEvery)
		defer tick.Stop()
		for alive() {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
		cancel(errOrphaned)
	}()
	return ctx, func() {
		cancel(nil)
		<-ended
	}
}
