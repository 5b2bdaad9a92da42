package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/journal"
)

// logFlags are the flags that overrule the log section of a config.
type logFlags struct{ level, format string }

func (f *logFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.level, "log-level", "", "least severe `level` to log: debug, info, warn or error (default info)")
	cmd.Flags().StringVar(&f.format, "log-format", "", "`format` of the log: text or json (default text)")
}

// apply writes the flags that were given into cfg.
func (f *logFlags) apply(cfg *config.Config) error {
	if f.level != "" {
		cfg.Log.Level = f.level
	}
	if f.format != "" {
		cfg.Log.Format = f.format
	}
	if _, err := journal.ParseLevel(cfg.Log.Level); err != nil {
		return usageError("choose debug, info, warn or error", "there is no log level %q", cfg.Log.Level)
	}
	if cfg.Log.Format != "text" && cfg.Log.Format != "json" {
		return usageError("choose text or json", "there is no log format %q", cfg.Log.Format)
	}
	return nil
}

// newJournal returns the log of a config that logFlags.apply has passed. It must be
// closed.
func newJournal(w io.Writer, cfg *config.Config) *journal.Journal {
	return journal.New(w, logLevel(cfg), cfg.Log.Format == "json")
}

// logLevel returns the level of a config that logFlags.apply has passed.
func logLevel(cfg *config.Config) slog.Level {
	level, err := journal.ParseLevel(cfg.Log.Level)
	if err != nil {
		panic(fmt.Sprintf("log level not checked: %v", err))
	}
	return level
}
