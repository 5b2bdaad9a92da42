package journal

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// lastLines is how long the end of the process waits for the log to be written.
const lastLines = time.Second

// A Journal is the log of a process. It is safe for concurrent use.
type Journal struct {
	*slog.Logger
	level  slog.LevelVar
	writer *writer // nil where lines go nowhere
}

// Discard returns a journal that keeps nothing.
func Discard() *Journal { return &Journal{Logger: slog.New(slog.DiscardHandler)} }

// New returns a journal that writes lines of the level and above to w, as JSON or as text.
// It must be closed.
func New(w io.Writer, level slog.Level, json bool) *Journal {
	j := &Journal{}
	j.level.Set(level)
	j.writer = newWriter(w, j.lost)
	opts := &slog.HandlerOptions{Level: &j.level, ReplaceAttr: maskAttr}
	if json {
		j.Logger = slog.New(slog.NewJSONHandler(j.writer, opts))
	} else {
		j.Logger = slog.New(slog.NewTextHandler(j.writer, opts))
	}
	return j
}

// ParseLevel returns the level of a name: debug, info, warn or error.
func ParseLevel(name string) (slog.Level, error) {
	switch name {
	case "debug":
		return slog.LevelDebug, nil
	case "info":
		return slog.LevelInfo, nil
	case "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	}
	return 0, fmt.Errorf("there is no log level %q: choose debug, info, warn or error", name)
}

// LevelName returns the name of a level, as ParseLevel takes it.
func LevelName(level slog.Level) string { return strings.ToLower(level.String()) }

// SetLevel changes from which level on lines are written.
func (j *Journal) SetLevel(level slog.Level) { j.level.Set(level) }

// Level returns from which level on lines are written.
func (j *Journal) Level() slog.Level { return j.level.Level() }

// Dropped is how many lines were lost since nobody took them in time.
func (j *Journal) Dropped() uint64 {
	if j.writer == nil {
		return 0
	}
	return j.writer.dropped.Load()
}

// lost says that lines were lost, once they are written again.
func (j *Journal) lost(news uint64) {
	j.Warn("lines of this log were dropped: whoever reads it does not keep up", "lines", news)
}

// Close writes what is left, unless that takes more than a second. What is logged later
// is dropped.
func (j *Journal) Close() {
	if j.writer == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastLines)
	defer cancel()
	j.writer.close(ctx)
}
