package main

import (
	"context"
	"log/slog"
	"time"
)

// hardStop is how long handlers may take to return once their calls are cancelled. It
// leaves programs that ignore SIGTERM the 2 s after which they are killed.
const hardStop = 3 * time.Second

// lastMoment is how long handlers may take to return when the process was told to stop
// at once: those whose programs were killed are that fast.
const lastMoment = 100 * time.Millisecond

// shutDown ends the server in order: running calls may go on for grace, or until
// forced is done, and are then cancelled. The error is errStopForced in the second
// case. When it returns no program runs any more.
func (h *host) shutDown(forced context.Context, grace time.Duration, logger *slog.Logger) error {
	ctx, cancel := context.WithTimeout(forced, grace)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- h.server.Shutdown(ctx) }()
	select {
	case err := <-done:
		if err != nil {
			logger.Warn("not all calls ended by themselves", "error", err)
		}
	case <-forced.Done():
		// Clients that do not read could hold the answers up: do not wait for them.
	}
	h.await(forced, logger)
	return context.Cause(forced)
}

// await returns when no handler runs any more, or is waited for, the programs of
// upstreams have ended, and the audit log and the history are closed.
func (h *host) await(forced context.Context, logger *slog.Logger) {
	h.reload.stop()
	h.awaitHandlers(forced, logger)
	h.closeUpstreams(forced)
	h.closeAudit(forced, logger)
	h.closeHistory(forced)
	h.closeTraces(forced)
}

// awaitHandlers returns when every handler has returned, hardStop is over or, in a
// moment, forced is done. A call is answered before a program that ignores SIGTERM has
// been killed; the process must not end in between.
func (h *host) awaitHandlers(forced context.Context, logger *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), hardStop)
	defer cancel()
	stop := context.AfterFunc(forced, func() {
		h.kill()
		time.AfterFunc(lastMoment, cancel)
	})
	defer stop()
	if h.engine.Quiet(ctx) != nil {
		logger.Warn("a tool does not end and is left behind")
	}
}
