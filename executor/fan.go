package executor

import (
	"context"
	"sync"

	"github.com/sluice-dev/sluice/tools"
)

// A fan hands what the flight's handler reports to all who wait for it. The gate of
// each keeps its caller's rules.
type fan struct {
	x *Execution

	mu      sync.Mutex // guards waiters
	waiters map[*Execution]context.Context
}

// Report takes a report of progress.
func (f *fan) Report(p tools.Progress) {
	f.x.heard.Store(int64(f.x.age()))
	f.each(func(ctx context.Context) { tools.Report(ctx, p) })
}

// Log takes a note.
func (f *fan) Log(level tools.Level, data any) {
	f.each(func(ctx context.Context) { tools.Log(ctx, level, data) })
}

func (f *fan) each(tell func(context.Context)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, ctx := range f.waiters {
		tell(ctx)
	}
}

// add has the call told from now on, where its caller listens to anything.
func (f *fan) add(ctx context.Context, x *Execution) {
	if x.Request.OnProgress == nil && x.Request.OnLog == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.waiters == nil {
		f.waiters = map[*Execution]context.Context{}
	}
	f.waiters[x] = ctx
}

func (f *fan) remove(x *Execution) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.waiters, x)
}
