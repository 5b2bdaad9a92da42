//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/upstream"
)

// inner is the config of a server that others are to call through this one.
const inner = `engine: {history: off}
tools:
  - name: x
    command: [sh, -c, 'echo "$A/$SLUICE_TEST_PASSED/$SLUICE_TEST_SECRET"; pwd']
    pass_env: [A, SLUICE_TEST_PASSED, SLUICE_TEST_SECRET]
  - {name: stays, command: [sleep, '600'], timeout: 1h}
`

// throughServer is the host of a config with that server as an upstream: what stands in
// keys is added to it.
func throughServer(t *testing.T, keys string) *host {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "inner.yaml")
	if err := os.WriteFile(file, []byte(inner), 0o600); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(keys, "command:") {
		keys += ", command: [" + binary + ", stdio, --log-level, error, --config, " + file + "]"
	}
	return connected(t, "engine: {history: off}\nupstreams:\n  - {name: inner, "+strings.ReplaceAll(keys, "DIR", dir)+"}")
}

// connected is the host of a config whose upstreams have settled.
func connected(t *testing.T, yaml string) *host {
	t.Helper()
	h := newTestHost(t, yaml)
	h.settleUpstreams(t.Context())
	return h
}

// passes fails the test unless the tool's text through the server has this in it.
func passes(keys, tool, want string) func(*testing.T) {
	return func(t *testing.T) {
		h := throughServer(t, keys)
		result, err := h.engine.Execute(t.Context(), &executor.Request{Tool: tool})
		if err != nil || !strings.Contains(result.Content[0].(tools.Text).Text, want) {
			t.Errorf("%+v, %v; want %q", result, err, want)
		}
	}
}

// stops fails the test unless the last of some calls at once fails in this way.
func stops(keys string, calls int, want error) func(*testing.T) {
	return func(t *testing.T) {
		h := throughServer(t, keys)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan error, calls)
		for range calls {
			go func() {
				_, err := h.engine.Execute(ctx, &executor.Request{Tool: "stays"})
				ended <- err
			}()
		}
		if err := <-ended; !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
		cancel()
		for range calls - 1 {
			<-ended
		}
	}
}

// upstreamKnobs are the knobs of upstreams: see knobs.
var upstreamKnobs = map[string]func(*testing.T){
	"Config.upstreams": passes("prefix: ''", "x", "//"),
	"Upstream.command": passes("prefix: ''", "x", "//"),
	"Upstream.prefix":  passes("prefix: p_", "p_x", "//"),
	"Upstream.env":     passes("env: {A: b}", "x", "b//"),
	"Upstream.pass_env": each(passes("pass_env: [SLUICE_TEST_PASSED]", "x", "/passed on/\n"),
		passes("pass_env: [SLUICE_TEST_SECRET]", "x", "//open-sesame\n")),
	"Upstream.dir": passes("dir: /", "x", "\n/\n"),
	"Upstream.name": func(t *testing.T) {
		h := connected(t, "engine: {history: off}\nupstreams: [{name: shop, command: [/nonexistent]}]")
		if got := h.upstreams.all()[0].Status(); got.Name != "shop" || got.State != upstream.StateDown {
			t.Errorf("status %+v", got)
		}
	},
	"Upstream.start_timeout": func(t *testing.T) {
		begun := time.Now()
		h := throughServer(t, "start_timeout: 50ms, command: [sleep, '600']")
		if took := time.Since(begun); took > 5*time.Second || h.upstreams.all()[0].Status().State != upstream.StateDown {
			t.Errorf("after %v: %+v", took, h.upstreams.all()[0].Status())
		}
	},
	"Upstream.pins": func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "pins.json")
		throughServer(t, "pins: "+file)
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), `"stays": "sha256:`) {
			t.Errorf("%s, %v", text, err)
		}
	},
	"Upstream.timeout":       stops("timeout: 50ms", 1, executor.ErrTimeout),
	"Upstream.idle_timeout":  stops("idle_timeout: 50ms", 1, executor.ErrIdleTimeout),
	"Upstream.concurrency":   stops("concurrency: 1, queue_timeout: 50ms", 2, executor.ErrQueueTimeout),
	"Upstream.queue_timeout": stops("concurrency: 1, queue_timeout: 50ms", 2, executor.ErrQueueTimeout),
	"Upstream.rate":          stops("rate: 1/h", 2, executor.ErrRateLimited),
	"Upstream.caller_rate":   stops("caller_rate: 1/h", 2, executor.ErrRateLimited),
	"Upstream.breaker": func(t *testing.T) {
		h := throughServer(t, "timeout: 20ms, breaker: {failures: 1}")
		for _, want := range []error{executor.ErrTimeout, executor.ErrCircuitOpen} {
			if _, err := h.engine.Execute(t.Context(), &executor.Request{Tool: "stays"}); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
	},
	"Upstream.url":        remoteUpstream,
	"Upstream.token_env":  remoteUpstream,
	"Upstream.token_file": remoteUpstream,
}

// remoteUpstream calls a server over WebSocket, its token read from either place.
func remoteUpstream(t *testing.T) {
	s := serve(t)
	file := writeFile(t, s.token)
	for key, want := range map[string]upstream.State{
		"token_file: " + file: upstream.StateUp, "token_env: SLUICE_TEST_SECRET": upstream.StateDown, "prefix: p": upstream.StateDown,
	} {
		h := connected(t, "engine: {history: off}\nupstreams: [{name: far, url: '"+s.url+"', "+key+"}]")
		if got := h.upstreams.all()[0].Status(); got.State != want {
			t.Errorf("%s: %+v", key, got)
		}
	}
}
