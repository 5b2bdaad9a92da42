//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/journal"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// The canaries, each for one way in which a secret comes in.
const (
	canaryToken    = "canary-token-0123456789"
	canaryWrong    = "canary-wrong-0123456789"
	canaryQuery    = "canary-query-0123456789"
	canaryHTTP     = "canary-http-0123456789"
	canaryEnv      = "canary-env-0123456789"
	canaryArgument = "canary-argument-0123456789"
	canaryURL      = "canary-url-0123456789"
	canaryTraces   = "canary-traces-0123456789"
	canaryPanic    = "canary-panic-0123456789"
)

// TestCanary sends secrets through every way of a call and of a request, with the log at
// debug, and looks for them in all that a server leaves behind or shows.
func TestCanary(t *testing.T) {
	t.Setenv("SLUICE_TEST_CANARY", canaryHTTP)
	directory := t.TempDir()
	spans := newFakeCollector(t)
	echoes := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, "you sent ", r.Header) // as error pages do
	}))
	defer echoes.Close()
	cfg, err := config.Parse("sluice.yaml", []byte(strings.NewReplacer("DIR", directory, "ECHOES", echoes.URL, "SPANS", spans.URL).Replace(`
log: {level: debug}
engine:
  history: {path: DIR/history.db}
  audit: {path: DIR/audit.jsonl}
auth:
  tokens: [{name: ops, token_file: DIR/token}]
  callers: [{name: ops, admin: true}]
traces: {endpoint: SPANS, token_file: DIR/traces}
tools:
  - {name: succeeds, command: [echo, "{password}"]}
  - {name: fails, command: [sh, -c, 'echo "step $API_KEY" >&2; exit 3'], env: {API_KEY: `+canaryEnv+`}, input: {type: object, properties: {password: {type: string}}}}
  - {name: hangs, command: [sh, -c, 'echo "step $API_KEY" >&2; sleep 600'], env: {API_KEY: `+canaryEnv+`}, input: {type: object, properties: {password: {type: string}}}}
  - {name: missing, command: [/does/not/exist, "{password}"]}
  - {name: limited, command: [echo, "{password}"], rate: 1/h burst 1}
  - {name: http, http: {url: "ECHOES/x", auth: [{token_env: SLUICE_TEST_CANARY}], headers: {X-Password: "{password}"}}}
upstreams:
  - {name: away, url: "ws://user:`+canaryURL+`@127.0.0.1:1/mcp", token_file: DIR/token}
`)))
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]string{"token": canaryToken, "traces": canaryTraces} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log := newRecord()
	logs := journal.New(log, slog.LevelDebug, true)
	h, err := newHost(cfg, logs.Logger)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := readKeys(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newService(h, cfg, keys, logs.Logger)
	if err != nil {
		t.Fatal(err)
	}
	s.logs = logs
	for name, f := range map[string]func() (*tools.Result, error){
		"panics": func() (*tools.Result, error) { panic("Authorization: Bearer " + canaryPanic) },
		"breaks": func() (*tools.Result, error) {
			return nil, fmt.Errorf("get https://user:%s@host.example/: token=%s", canaryPanic, canaryPanic)
		},
	} {
		tool := &tools.Tool{Definition: tools.Definition{Name: name, InputSchema: []byte(`{"type":"object"}`)},
			Handler: tools.HandlerFunc(func(context.Context, *tools.Call) (*tools.Result, error) { return f() })}
		if err := h.registry.Add(tool); err != nil {
			t.Fatal(err)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/", s.accept)
	s.mount(mux, false)
	server := httptest.NewServer(mux)
	defer server.Close()

	said := canaryCalls(t, h, "ws"+strings.TrimPrefix(server.URL, "http")+"/mcp")
	said += canaryRequests(t, server.URL)
	for _, a := range h.engine.Activities() {
		if err := h.engine.Stop(a.ID, nil); err != nil {
			t.Error(err)
		}
	}
	if err := h.engine.Quiet(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.accept.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.await(t.Context(), logs.Logger)
	logs.Close()
	canarySought(t, map[string]string{
		"the log": log.String(), "what is shown": said, "the spans": string(spans.raw),
		"the history": contentOf(t, directory, "history.db*"), "the audit log": contentOf(t, directory, "audit*.jsonl"),
	})
}

// canaryCalls calls each tool, over a WebSocket, and leaves one call running.
func canaryCalls(t *testing.T, h *host, url string) (said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*soon)
	t.Cleanup(cancel)
	if _, err := websocket.Dial(ctx, url, websocket.DialOptions{Token: canaryWrong}); err == nil {
		t.Error("a wrong token is taken")
	} else {
		said += err.Error()
	}
	stream, err := websocket.Dial(ctx, url, websocket.DialOptions{Token: canaryToken})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stream.Close(1000, "") })
	c := &client{t: t, ctx: ctx, stream: stream}
	for _, m := range handshake {
		if err := stream.Write(ctx, []byte(m)); err != nil {
			t.Fatal(err)
		}
	}
	secret := object{"password": canaryArgument}
	for id, name := range []string{"succeeds", "fails", "missing", "limited", "limited", "http", "panics", "breaks", "no-such-tool", "succeeds"} {
		arguments := secret
		if id == 9 {
			arguments = object{"password": []string{canaryArgument}} // which is no text
		}
		c.ask(call(id+1, name, arguments), fmt.Sprintf(`"id":%d`, id+1))
	}
	c.ask(call(100, "hangs", secret), `"progress":`)
	if list := h.engine.Activities(); len(list) != 1 || list[0].State != executor.CallRunning || list[0].Progress.Message == "" {
		t.Errorf("in flight are %+v", list)
	}
	return said
}

// canaryRequests asks for all that a server shows, rightly and wrongly.
func canaryRequests(t *testing.T, base string) (said string) {
	t.Helper()
	for _, path := range []string{
		"/metrics", "/healthz", "/readyz", "/admin/calls", "/admin/metrics", "/admin/health", "/admin/log-level",
		"/mcp?token=" + canaryQuery, "/mcp?ticket=" + canaryQuery, "/" + canaryQuery,
	} {
		for _, token := range []string{canaryToken, canaryWrong, ""} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+token)
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			if token == canaryToken && !strings.Contains(path, canaryQuery) && response.StatusCode != http.StatusOK && path != "/readyz" {
				t.Errorf("%s: %s", path, response.Status)
			}
			said += string(text) + fmt.Sprint(response.Header)
		}
	}
	return said
}

// canarySought fails the test where a canary is in a text, or the texts are not what they
// should be.
func canarySought(t *testing.T, places map[string]string) {
	t.Helper()
	for place, text := range places {
		for _, canary := range []string{canaryToken, canaryWrong, canaryQuery, canaryHTTP, canaryEnv, canaryArgument, canaryURL, canaryTraces, canaryPanic} {
			if canary == canaryQuery && place == "the log" {
				text = strings.ReplaceAll(text, `"path":"/`+canary, "") // a path that was asked for is no secret
			}
			if i := strings.Index(text, canary); i >= 0 {
				t.Errorf("%s is in %s: %s", canary, place, text[max(i-300, 0):min(i+100, len(text))])
			}
		}
	}
	for place, want := range map[string]string{
		"the log": "panic in a call", "what is shown": `"message": "step ***"`, "the spans": "tools/call fails",
		"the history": "no-such-tool", "the audit log": `"panicked"`,
	} {
		if !strings.Contains(places[place], want) {
			t.Errorf("no %s in %s, so it shows nothing:\n%s", want, place, places[place])
		}
	}
}

// contentOf returns the content of the files of a pattern.
func contentOf(t *testing.T, directory, pattern string) (content string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(directory, pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		content += string(text)
	}
	return content
}
