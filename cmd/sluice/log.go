package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
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
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Log.Level)); err != nil {
		return usageError("choose debug, info, warn or error", "there is no log level %q", cfg.Log.Level)
	}
	if cfg.Log.Format != "text" && cfg.Log.Format != "json" {
		return usageError("choose text or json", "there is no log format %q", cfg.Log.Format)
	}
	return nil
}

// newLogger returns the logger of a config that logFlags.apply has passed.
func newLogger(w io.Writer, cfg *config.Config) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Log.Level)); err != nil {
		panic(fmt.Sprintf("log level not checked: %v", err))
	}
	opts := &slog.HandlerOptions{Level: level}
	if cfg.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
