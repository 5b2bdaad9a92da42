package websocket

import (
	"context"
	"sync"
	"time"
)

// A watchdog calls bark when what it watches takes longer than its patience. It is
// used by one goroutine; bark runs on one of its own.
type watchdog struct {
	patience time.Duration
	bark     func()
	timer    *time.Timer
}

func (w *watchdog) start() {
	if w.timer == nil {
		w.timer = time.AfterFunc(w.patience, w.bark)
		return
	}
	w.timer.Reset(w.patience)
}

func (w *watchdog) stop() { w.timer.Stop() }

// A watch tells of the end of a context. Whoever reads in a loop passes the same
// context each time, which is then registered with once.
type watch struct {
	mu      sync.Mutex // guards all below
	done    <-chan struct{}
	cancel  func() bool
	stopped bool
}

// set makes ctx the context that is watched.
func (w *watch) set(ctx context.Context, ended func(cause error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Done() == w.done || w.stopped {
		return
	}
	w.release()
	w.done = ctx.Done()
	w.cancel = context.AfterFunc(ctx, func() { ended(context.Cause(ctx)) })
}

// stop ends the watch for good.
func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.release()
}

func (w *watch) release() {
	if w.cancel != nil {
		w.cancel()
	}
}
