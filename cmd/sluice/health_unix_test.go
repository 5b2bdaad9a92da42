//go:build unix

package main

import (
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// serviceOf is a service of a host, with one token.
func serviceOf(t *testing.T, h *host) *service {
	t.Helper()
	s, err := newService(h, config.Starter(), &keys{entries: []websocket.Token{{Name: "ops", Secret: routeToken}}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.accept.Shutdown(t.Context()) })
	return s
}

// named returns the check of a name.
func (v probe) named(name string) (c check) {
	i := slices.IndexFunc(v.Checks, func(c check) bool { return c.Name == name })
	if i >= 0 {
		c = v.Checks[i]
	}
	return c
}

// TestHealthSays checks what is found wrong, and what follows from it for the probes.
func TestHealthSays(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	logs := filepath.Join(directory, "logs")
	if err := os.Mkdir(logs, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	yaml := "engine:\n  history: {path: '" + filepath.ToSlash(directory) + "/file/history.db'}\n" + // where nothing can be
		"  audit: {path: '" + filepath.ToSlash(filepath.Join(logs, "audit.jsonl")) + "'}\n" +
		"  breaker: {failures: 1}\n" +
		"tools: [{name: x, command: [/does/not/exist]}]\n" +
		"upstreams: [{name: files, command: [/does/not/exist], required: true}, {name: rest, command: [/does/not/exist]}]\n"
	h := newTestHost(t, yaml, newRecord())
	s := serviceOf(t, h)
	for range 2 {
		_, _ = h.engine.Execute(t.Context(), &executor.Request{Tool: "x"})
	}
	h.settleUpstreams(t.Context())
	if err := h.history.Flush(t.Context()); err == nil {
		t.Error("the history is written")
	}
	status, v := probeFrom(s, "GET", "/healthz", "127.0.0.1:1", "localhost")
	if status != http.StatusOK || v.Status != checkDegraded {
		t.Errorf("/healthz: %d %+v", status, v)
	}
	for _, name := range []string{"breaker x", "upstream files", "upstream rest"} {
		if c := v.named(name); c.Status != checkDegraded || c.Detail == "" || c.Since == nil {
			t.Errorf("%s: %+v in %+v", name, c, v)
		}
	}
	if c := v.named("history"); c.Status != checkDegraded || !strings.Contains(c.Detail, "cannot be written") {
		t.Errorf("history: %+v", c)
	}
	if c := v.named("audit"); c.Status != checkOK {
		t.Errorf("audit: %+v", c)
	}
	status, v = probeFrom(s, "GET", "/readyz", "127.0.0.1:1", "localhost")
	if status != http.StatusServiceUnavailable || v.Status != "unready" || len(v.Checks) != 1 || v.Checks[0].Name != "upstream files" {
		t.Errorf("/readyz: %d %+v", status, v)
	}
	h.upstreams.require(nil)
	if status, _ := probeFrom(s, "GET", "/readyz", "127.0.0.1:1", "localhost"); status != http.StatusOK {
		t.Errorf("with nothing required: %d", status)
	}
}

// TestHealthOfAuditLog checks that a server which must not serve without its audit log says
// so to both probes.
func TestHealthOfAuditLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gone", "audit.jsonl")
	for _, required := range []bool{true, false} {
		yaml := "engine:\n  history: off\n  audit: {path: '" + filepath.ToSlash(path) + "'" + map[bool]string{true: ", required: true"}[required] + "}\ntools: [{name: x, command: [echo]}]\n"
		log := newRecord()
		h := newTestHost(t, yaml, log)
		s := serviceOf(t, h)
		_, err := h.engine.Execute(t.Context(), &executor.Request{Tool: "x"})
		if required != errors.Is(err, executor.ErrUnaudited) {
			t.Fatal(err)
		}
		want := map[bool]string{true: checkFailing, false: checkDegraded}[required]
		log.await(t, "the audit log cannot be written") // behind the call, where it is not required
		alive, v := probeFrom(s, "GET", "/healthz", "127.0.0.1:1", "localhost")
		ready, _ := probeFrom(s, "GET", "/readyz", "127.0.0.1:1", "localhost")
		code := map[bool]int{true: http.StatusServiceUnavailable, false: http.StatusOK}[required]
		if v.Status != want || v.named("audit").Status != want || alive != code || ready != code || !strings.Contains(v.named("audit").Detail, "cannot be written") {
			t.Errorf("required: %v: %d, %d, %+v", required, alive, ready, v)
		}
	}
}
