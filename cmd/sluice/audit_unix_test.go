//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/executor/audit"
)

// auditedHost is a host of the built-in tools with this audit section, whose path is
// below dir.
func auditedHost(t *testing.T, dir, keys string) *host {
	t.Helper()
	path, err := json.Marshal(filepath.Join(dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Parse("sluice.yaml", []byte("engine: {audit: {"+strings.Join([]string{"path: " + string(path), keys}, ", ")+"}}"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Starter = true
	h, err := newHost(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.await(context.Background(), slog.New(slog.DiscardHandler)) })
	return h
}

// audited fails the test unless a call and then the end leave so many lines in these
// files, whole.
func audited(keys string, lines int, files ...string) func(*testing.T) {
	return func(t *testing.T) {
		dir := t.TempDir()
		h := auditedHost(t, dir, keys)
		commit := func(e audit.Event) { // so that each has a write of its own
			if err := h.audit.Commit(t.Context(), audit.Entry{Event: e}); err != nil {
				t.Fatal(err)
			}
		}
		commit(audit.EventAllowed)
		commit(audit.EventStarted)
		commit(audit.EventFinished)
		h.await(t.Context(), slog.New(slog.DiscardHandler))
		r, err := audit.Verify(t.Context(), filepath.Join(dir, "audit.jsonl"))
		if err != nil || r.Lines != lines || len(r.Faults) > 0 || !r.Chains[0].Closed || r.Chains[0].Version == "" {
			t.Fatalf("got %+v, %v", r, err)
		}
		for i, file := range r.Files {
			if i >= len(files) || filepath.Base(file) != files[i] {
				t.Errorf("got %q, want %q", r.Files, files)
			}
		}
	}
}

func refusesUnaudited(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	echo := &executor.Request{Tool: "echo", Arguments: json.RawMessage(`{"text":"hi"}`)}
	if _, err := auditedHost(t, dir, "required: true").engine.Execute(t.Context(), echo); !errors.Is(err, executor.ErrUnaudited) {
		t.Errorf("required: got %v", err)
	}
	if _, err := auditedHost(t, dir, "required: false").engine.Execute(t.Context(), echo); err != nil {
		t.Errorf("not required: got %v", err)
	}
}
