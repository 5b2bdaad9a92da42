//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/executor/history/sqlite"
)

// keptHistory fails the test unless so many rows are left of three calls, the last with
// these arguments.
func keptHistory(keys string, rows int, arguments string) func(*testing.T) {
	return func(t *testing.T) {
		db := filepath.Join(t.TempDir(), "sluice.db")
		path, err := json.Marshal(db)
		if err != nil {
			t.Fatal(err)
		}
		h := hostOf(t, fmt.Sprintf("engine: {history: {%s, path: %s}}\n", keys, path)+tool(`command: [sleep, '0.01'], input: {type: object}`))
		for range 3 {
			_, err := h.engine.Execute(t.Context(), &executor.Request{Tool: "x", Arguments: json.RawMessage(`{"a":"b"}`)})
			if err != nil {
				t.Fatal(err)
			}
			if err := h.history.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var last history.Entry
		n := 0
		for e, err := range sqlite.New(db, sqlite.Options{}).Query(t.Context(), history.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 1 {
				last = e
			}
		}
		if n > rows || n == 0 && rows > 0 || last.Preview != arguments {
			t.Errorf("%d rows, want %d; the last: %+v", n, rows, last)
		}
	}
}

// keepsHistory shows where calls are kept: in the file of the config, or that of the
// user, or nowhere.
func keepsHistory(t *testing.T) {
	keptHistory("rows: 9", 3, `{"a":"b"}`)(t)
	if h := hostOf(t, "engine: {history: off}\ntools: []"); h.history != nil {
		t.Errorf("switched off, a history is kept at %s", h.history.Path())
	}
	standard, err := sqlite.DefaultPath()
	if err != nil {
		t.Fatal(err)
	}
	if h := hostOf(t, "tools: []"); h.history == nil || h.history.Path() != standard {
		t.Errorf("by default, no history is kept at %s", standard)
	}
}
