package main

import (
	"context"
	"log/slog"
	"time"
)

// hardStop is how long handlers may take to return once their calls are cancelled. It
// leaves programs that ignore SIGTERM the 2 s after which they are killed.
const hardStop = 3 * time.Second

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
	h.await(logger)
	return context.Cause(forced)
}

// await returns when every handler has returned, or hardStop is over.
func (h *host) await(logger *slog.Logger) {
	returned := make(chan struct{})
	go func() {
		h.handlers.Wait()
		close(returned)
	}()
	select {
	case <-returned:
	case <-time.After(hardStop):
		logger.Warn("a tool does not end and is left behind")
	}
}
