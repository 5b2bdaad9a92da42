package upstream

import (
	"bytes"
	"context"
	"log/slog"
	"sync"

	"golang.org/x/time/rate"

	"github.com/sluice-dev/sluice/tools/internal/display"
)

// What is kept and shown of what a program writes to its stderr.
const (
	murmurLine  = 1 << 10 // bytes of a line; the rest of a longer one is dropped
	murmurLines = 20      // of the last lines
	murmurRate  = 5       // lines that are logged a second
	murmurBurst = 50
)

// A murmur takes what a program writes to stderr. It never blocks: lines go to the log as
// long as they come slowly enough, and the last ones are kept.
type murmur struct {
	log   *slog.Logger
	limit *rate.Limiter

	mu      sync.Mutex // guards what follows
	line    []byte     // has not ended yet
	last    [murmurLines]string
	total   int // lines so far
	skipped int // lines since the last that was logged
}

func newMurmur(log *slog.Logger) *murmur {
	return &murmur{log: log, limit: rate.NewLimiter(murmurRate, murmurBurst)}
}

// Write never fails.
func (m *murmur) Write(text []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for rest := text; len(rest) > 0; {
		part, after, ended := bytes.Cut(rest, []byte("\n"))
		m.line = append(m.line, part[:min(len(part), murmurLine-len(m.line))]...)
		if ended {
			m.take(m.line)
			m.line = m.line[:0]
		}
		rest = after
	}
	return len(text), nil
}

// take keeps a line and logs it, unless there are too many. The caller holds mu.
func (m *murmur) take(line []byte) {
	if !m.limit.Allow() {
		// Whatever floods is not worth cleaning line by line; the last lines are cleaned
		// when they are asked for.
		m.keep(string(line))
		m.skipped++
		return
	}
	text := display.OneLine(string(line))
	m.keep(text)
	if text == "" {
		return
	}
	attrs := []slog.Attr{slog.String("text", text)}
	if m.skipped > 0 {
		attrs = append(attrs, slog.Int("lines_left_out", m.skipped))
		m.skipped = 0
	}
	m.log.LogAttrs(context.Background(), slog.LevelInfo, "stderr of the server", attrs...)
}

func (m *murmur) keep(line string) {
	m.last[m.total%murmurLines] = line
	m.total++
}

// lines returns the last lines, the oldest first.
func (m *murmur) lines() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var lines []string
	for i := max(0, m.total-murmurLines); i < m.total; i++ {
		lines = append(lines, display.OneLine(m.last[i%murmurLines]))
	}
	if len(m.line) > 0 {
		lines = append(lines, display.OneLine(string(m.line)))
	}
	return lines
}
