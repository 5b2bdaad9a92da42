package main

import (
	"context"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/executor/history/sqlite"
)

// openHistory gives the engine the history of the config. Nothing is opened before the
// first call.
func (h *host) openHistory(cfg *config.History, options *executor.Options) {
	if cfg.Off {
		return
	}
	path, err := historyPath(cfg)
	if err != nil {
		options.Logger.Warn("the history is held in memory only: engine.history.path can name a file for it", "error", err)
		options.History = history.NewMemory(heldInMemory, cfg.Redact...)
		return
	}
	h.history = sqlite.New(path, sqlite.Options{
		Age:       time.Duration(cfg.Keep),
		Rows:      cfg.Rows,
		Size:      int64(cfg.Size),
		Arguments: history.Arguments(cfg.Arguments),
		Redact:    cfg.Redact,
		Logger:    options.Logger,
	})
	options.History = h.history
}

// heldInMemory is how many calls are known where there is no file.
const heldInMemory = 1000

// historyPath returns where the history of a config is.
func historyPath(cfg *config.History) (string, error) {
	if cfg.Path != "" {
		return cfg.Path, nil
	}
	return sqlite.DefaultPath()
}

// closeHistory writes what is left of the history; what it cannot write, it logs. Another
// process that holds the file up does not hold up the stop for longer than a handler may.
func (h *host) closeHistory(forced context.Context) {
	if h.history == nil {
		return
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_ = h.history.Close() // the log has it
	}()
	limit := hardStop
	if forced.Err() != nil {
		limit = lastMoment
	}
	select {
	case <-closed:
	case <-time.After(limit):
	}
}
