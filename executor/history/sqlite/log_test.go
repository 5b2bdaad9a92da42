package sqlite

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	saysCannot = "WARN the history cannot be written; calls go on, the last records are held in memory"
	saysAgain  = "INFO the history is written again"
	saysAside  = "ERROR THE HISTORY FILE IS OF NO USE: it was set aside and a new one begun"
)

// newLogged returns a store and what it logs.
func newLogged(t *testing.T, path string, opts Options) (*Store, *logger) {
	t.Helper()
	log := &logger{}
	opts.Logger = slog.New(slog.NewJSONHandler(log, nil))
	return storeAt(t, path, opts), log
}

func wantLog(t *testing.T, log *logger, want ...string) {
	t.Helper()
	if got := log.said(); !slices.Equal(got, want) {
		t.Errorf("the log says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// logger collects the log as JSON lines.
type logger struct {
	mu    sync.Mutex
	lines []map[string]any
}

func (l *logger) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var decoded map[string]any
	err := json.Unmarshal(line, &decoded)
	l.lines = append(l.lines, decoded)
	return len(line), err
}

// said returns the messages with their levels.
func (l *logger) said() (messages []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		messages = append(messages, fmt.Sprint(line["level"], " ", line["msg"]))
	}
	return messages
}
