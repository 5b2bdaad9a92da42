//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport"
)

// hostOf is the host of a config.
func hostOf(t *testing.T, yaml string) *host {
	t.Helper()
	log := newRecord()
	h := newTestHost(t, yaml, log)
	if log.String() != "" {
		t.Fatalf("the log says:\n%s", log)
	}
	return h
}

// newTestHost is the host of a config, which may have something to log.
func newTestHost(t *testing.T, yaml string, log ...io.Writer) *host {
	t.Helper()
	cfg, err := config.Parse("sluice.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	h, err := newHost(cfg, slog.New(slog.NewTextHandler(io.MultiWriter(log...), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.await(context.Background(), slog.New(slog.DiscardHandler)) })
	return h
}

// use calls the tool of a config that has one.
func use(t *testing.T, yaml, arguments string) (*tools.Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon) // which is before the defaults end it
	defer cancel()
	return hostOf(t, yaml).engine.Execute(ctx, &executor.Request{Tool: "x", Arguments: json.RawMessage(arguments)})
}

// says fails the test where the tool's text is not want.
func says(yaml, arguments, want string) func(*testing.T) {
	return func(t *testing.T) {
		result, err := use(t, yaml, arguments)
		if err != nil {
			t.Fatal(err)
		}
		if got := result.Content[0].(tools.Text).Text; strings.TrimSpace(got) != want || result.IsError {
			t.Errorf("got %q (error: %v), want %q", got, result.IsError, want)
		}
	}
}

// fails fails the test where the call does not fail in this way.
func fails(yaml, arguments string, want error) func(*testing.T) {
	return func(t *testing.T) {
		if _, err := use(t, yaml, arguments); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

// callRefused is what a call does for which there is no place to wait.
const callRefused = "is refused"

// begin makes a call that goes on until the test ends, and returns what it does.
func (h *host) begin(t *testing.T, caller string) string {
	t.Helper()
	does := make(chan string, 2)
	request := &executor.Request{Tool: "x", Caller: caller, OnProgress: tells(does)}
	ctx, cancel := context.WithCancel(t.Context())
	var call sync.WaitGroup
	call.Go(func() {
		if _, err := h.engine.Execute(ctx, request); errors.Is(err, executor.ErrQueueFull) {
			does <- callRefused
		} else {
			does <- fmt.Sprintf("has ended: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); call.Wait() })
	select {
	case state := <-does:
		return state
	case <-time.After(soon):
		t.Fatal("the call says nothing")
		return ""
	}
}

// queued begins n calls of the tool that does not end, of which the first run, then some
// wait, and the others are refused.
func queued(yaml string, n, running, waiting int) func(*testing.T) {
	return func(t *testing.T) {
		h := hostOf(t, yaml)
		for i := range n {
			want := callRefused
			switch {
			case i < running:
				want = callRuns
			case i < running+waiting:
				want = callWaits
			}
			if does := h.begin(t, ""); does != want {
				t.Errorf("call %d %s, but of %d calls %d should run and %d wait", i, does, n, running, waiting)
			}
		}
	}
}

// hello returns what the server of a config answers to initialize.
func hello(t *testing.T, yaml string) string {
	t.Helper()
	h := hostOf(t, yaml)
	client, server := memoryStreams()
	served := make(chan error, 1)
	go func() { served <- h.server.Serve(t.Context(), server, transport.Peer{Transport: "stdio"}) }()
	if err := client.Write(t.Context(), []byte(handshake[0])); err != nil {
		t.Fatal(err)
	}
	answer, err := client.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client.Close(0, "")
	if err := <-served; err != nil {
		t.Error(err)
	}
	return string(answer)
}

func inHello(yaml, want string) func(*testing.T) {
	return func(t *testing.T) {
		if answer := hello(t, yaml); !strings.Contains(answer, want) {
			t.Errorf("no %s in %s", want, answer)
		}
	}
}

// inDefinition fails the test where clients are not shown this.
func inDefinition(yaml, want string) func(*testing.T) {
	return func(t *testing.T) {
		entry, ok := hostOf(t, yaml).registry.Snapshot().Lookup("x")
		if !ok {
			t.Fatal("no such tool")
		}
		shown, err := json.Marshal(entry.Definition)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(shown), want) {
			t.Errorf("no %s in %s", want, shown)
		}
	}
}

// tool is a config with one tool, x.
func tool(keys string) string { return "tools: [{name: x, " + keys + "}]" }

// stays is a tool that does not end by itself.
const stays = "command: [sleep, '600']"

// knobs has a test for each key of the config that shows it bite.
var knobs = map[string]func(*testing.T){
	"Config.name":         inHello("name: shop\ntools: []", `"name":"shop"`),
	"Config.instructions": inHello("instructions: look first\ntools: []", `"instructions":"look first"`),

	"Engine.timeout":      fails("engine: {timeout: 50ms}\n"+tool(stays), "", executor.ErrTimeout),
	"Engine.idle_timeout": fails("engine: {idle_timeout: 50ms}\n"+tool(stays), "", executor.ErrIdleTimeout),
	"Engine.concurrency":  queued("engine: {"+beating+", concurrency: 2}\n"+tool(stays), 5, 2, 3),
	"Engine.queue":        queued("engine: {"+beating+", concurrency: 1, queue: 2}\n"+tool(stays), 5, 1, 2),

	"Engine.history":    keepsHistory,
	"History.path":      keepsHistory,
	"History.keep":      keptHistory("keep: 1ms", 0, ""),
	"History.rows":      keptHistory("rows: 2", 2, `{"a":"b"}`),
	"History.size":      keptHistory("size: 1B", 0, ""),
	"History.arguments": keptHistory("arguments: hash", 3, ""),
	"History.redact":    keptHistory("redact: [A]", 3, `{"a":"***"}`),

	"Engine.audit":   audited("", 5, "audit.jsonl"),
	"Audit.path":     audited("", 5, "audit.jsonl"),
	"Audit.size":     audited("size: 1B", 8, "audit.jsonl", "audit.000001.jsonl", "audit.000002.jsonl", "audit.000003.jsonl"),
	"Audit.keep":     audited("size: 1B, keep: 1", 2, "audit.000003.jsonl"),
	"Audit.required": refusesUnaudited,

	"Log.level": func(t *testing.T) {
		if got := logged(t, "log: {level: warn}"); strings.Contains(got, "information") || !strings.Contains(got, "warning") {
			t.Errorf("got %q", got)
		}
	},
	"Log.format": func(t *testing.T) {
		if got := logged(t, "log: {format: json}"); !json.Valid([]byte(strings.Split(got, "\n")[0])) {
			t.Errorf("got %q", got)
		}
	},

	"Tool.name":         inDefinition(tool("command: [a]"), `"Name":"x"`),
	"Tool.title":        inDefinition(tool("command: [a], title: An X"), `"Title":"An X"`),
	"Tool.description":  inDefinition(tool("command: [a], description: Does x."), `"Description":"Does x."`),
	"Tool.command":      says(tool(`command: [echo, a, "{b}"]`), `{"b":"c d"}`, "a c d"),
	"Tool.input":        fails(tool(`command: [echo], input: {type: object, required: [a]}`), `{}`, executor.ErrInvalidArguments),
	"Tool.output":       structured(tool(`command: [echo, '{{"a":1}'], output: {type: object}`), `{"a":1}`),
	"Tool.timeout":      fails(tool(stays+", timeout: 50ms"), "", executor.ErrTimeout),
	"Tool.idle_timeout": fails(tool(stays+", idle_timeout: 50ms"), "", executor.ErrIdleTimeout),
	"Tool.concurrency":  queued("engine: {"+beating+"}\n"+tool(stays+", concurrency: 3"), 5, 3, 2),
	"Tool.stdin":        says(tool(`command: [cat], stdin: "{a}", input: {type: object, properties: {a: {type: string}}}`), `{"a":"b"}`, "b"),
	"Tool.stream":       streams(tool(`command: [sh, -c, "echo a step"], stream: true`), "a step"),
	"Tool.env":          says(tool(`command: [sh, -c, 'echo "$A"'], env: {A: b}`), "", "b"),
	"Tool.pass_env":     passesOn,
	"Tool.dir":          says(tool("command: [pwd], dir: /"), "", "/"),
	"Tool.annotations":  inDefinition(tool("command: [a], annotations: {readOnlyHint: true}"), `"readOnlyHint":true`),
	"Tool.limits":       capped(tool("command: [echo, 0123456789], limits: {output: 4B}")),
	"Limits.output":     capped(tool("command: [echo, 0123456789], limits: {output: 4B}")),

	"Tool.http":             asked("", `{}`, "GET /p\n"),
	"HTTP.method":           asked("method: PUT", `{}`, "PUT /p\n"),
	"HTTP.url":              asked("", `{}`, "GET /p\n"),
	"HTTP.query":            asked(`query: {a: "{b}"}`, `{"b": "c&d"}`, "GET /p?a=c%26d\n"),
	"HTTP.headers":          asked(`headers: {X-A: "{b}"}`, `{"b": "c"}`, "X-A: c\n"),
	"HTTP.body":             asked(`body: "<{b}>"`, `{"b": "c"}`, "POST /p\n<c>\n"),
	"HTTP.content_type":     asked(`body: "{b}", content_type: text/x`, `{"b": "c"}`, "Content-Type: text/x\n"),
	"HTTP.auth":             asked(`auth: [{token_env: SLUICE_TEST_SECRET}]`, `{}`, "Authorization: Bearer [secret]\n"),
	"HTTP.allow":            reachesWhatIsAllowed,
	"HTTP.redirects":        redirectsAsOftenAsItMay,
	"HTTP.retries":          retriesAsOftenAsItMay,
	"HTTP.proxy":            goesThroughTheProxy,
	"HTTP.ca_file":          trustsTheAuthorities,
	"Credential.header":     asked(`auth: [{header: X-Key, token_env: SLUICE_TEST_SECRET}]`, `{}`, "X-Key: [secret]\n"),
	"Credential.query":      asked(`auth: [{query: key, token_env: SLUICE_TEST_SECRET}]`, `{}`, "GET /p?key=[secret]\n"),
	"Credential.cookie":     asked(`auth: [{cookie: key, token_env: SLUICE_TEST_SECRET}]`, `{}`, "Cookie: key=[secret]\n"),
	"Credential.scheme":     asked(`auth: [{scheme: Token, header: Authorization, token_env: SLUICE_TEST_SECRET}]`, `{}`, "Authorization: Token [secret]\n"),
	"Credential.token_env":  asked(`auth: [{token_env: SLUICE_TEST_SECRET}]`, `{}`, "Bearer [secret]\n"),
	"Credential.token_file": readsTheSecretOfAFile,

	"Annotations.readOnlyHint":    inDefinition(tool("command: [a], annotations: {readOnlyHint: true}"), `"readOnlyHint":true`),
	"Annotations.destructiveHint": inDefinition(tool("command: [a], annotations: {destructiveHint: false}"), `"destructiveHint":false`),
	"Annotations.idempotentHint":  inDefinition(tool("command: [a], annotations: {idempotentHint: true}"), `"idempotentHint":true`),
	"Annotations.openWorldHint":   inDefinition(tool("command: [a], annotations: {openWorldHint: false}"), `"openWorldHint":false`),
}

// knobsElsewhere are the keys that take a process of its own to test.
var knobsElsewhere = map[string]func(*testing.T){
	// Package identity tests these, on the type of the config itself.
	"JWT.issuer": nil, "JWT.audience": nil, "JWT.algorithms": nil, // TestIssuer
	"JWT.caller": nil, "JWT.prefix": nil, "JWT.leeway": nil, "JWT.scopes": nil, "JWT.tools_claim": nil, // TestIssuerClaims
	"JWT.jwks_url": nil, "JWT.jwks_file": nil, "JWT.ca_file": nil, "JWT.refresh": nil, "JWT.stale": nil, // TestKeys...

	"Config.drain":  TestStdioDrainOfTheConfig,
	"Config.listen": TestServeAddressOfTheConfig, "Config.auth": TestServeTakesEachTokenOfTheConfig,
	"Config.engine": nil, "Config.log": nil, "Config.tools": nil, // their own keys are above
	"Listen.address":    TestServeAddressOfTheConfig,
	"Listen.admin":      TestServeProbesOnAnAddressOfTheirOwn,
	"Upstream.required": TestHealthSays,
	"Listen.origins":    TestServeOriginsAndHosts,
	"Listen.hosts":      TestServeOriginsAndHosts,
	"Auth.tokens":       TestServeTakesEachTokenOfTheConfig,
	"Token.name":        TestServeNamesAMissingToken,
	"Token.token_env":   TestServeTakesEachTokenOfTheConfig, "Token.token_file": TestServeTakesEachTokenOfTheConfig,
}

func TestKnobs(t *testing.T) {
	t.Setenv("SLUICE_TEST_PASSED", "passed on")
	t.Setenv("SLUICE_TEST_SECRET", "open-sesame")
	for name, bites := range knobs {
		t.Run(name, func(t *testing.T) { bites(t) })
	}
	for name, bites := range upstreamKnobs {
		t.Run(name, bites)
	}
	for name, bites := range listenKnobs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bites(t)
		})
	}
	for name, bites := range authKnobs {
		t.Run(name, bites)
	}
	for name, bites := range traceKnobs {
		t.Run(name, bites)
	}
	for name, bites := range policyKnobs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bites(t)
		})
	}
}

// TestEveryKnobHasATest keeps keys out that change nothing.
func TestEveryKnobHasATest(t *testing.T) {
	t.Parallel()
	type node struct {
		Properties map[string]any
		Defs       map[string]node `json:"$defs"`
	}
	source, err := config.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var root node
	if err := json.Unmarshal(source, &root); err != nil {
		t.Fatal(err)
	}
	root.Defs["Config"] = root
	for name, s := range root.Defs {
		for key := range s.Properties {
			_, here := knobs[name+"."+key]
			_, there := policyKnobs[name+"."+key]
			_, far := upstreamKnobs[name+"."+key]
			_, listens := listenKnobs[name+"."+key]
			_, known := authKnobs[name+"."+key]
			_, contained := sandboxKnobs[name+"."+key]
			_, followed := traceKnobs[name+"."+key]
			if _, elsewhere := knobsElsewhere[name+"."+key]; !followed && !here && !there && !far && !listens && !contained && !known && !elsewhere {
				t.Errorf("no test shows %s.%s bite", name, key)
			}
		}
	}
}

func logged(t *testing.T, yaml string) string {
	cfg, err := config.Parse("sluice.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	log := newRecord()
	logs := newJournal(log, cfg)
	logs.Info("information")
	logs.Warn("warning")
	logs.Close()
	return log.String()
}

func structured(yaml, want string) func(*testing.T) {
	return func(t *testing.T) {
		result, err := use(t, yaml, "")
		if err != nil || string(result.Structured) != want {
			t.Errorf("got %v, %v", result, err)
		}
	}
}

func capped(yaml string) func(*testing.T) {
	return func(t *testing.T) {
		result, err := use(t, yaml, "")
		if err != nil || !result.IsError || strings.Contains(fmt.Sprint(result.Content), "0123456789") {
			t.Errorf("got %v, %v", result, err)
		}
	}
}

func streams(yaml, want string) func(*testing.T) {
	return func(t *testing.T) {
		var said []string
		_, err := hostOf(t, yaml).engine.Execute(t.Context(), &executor.Request{
			Tool: "x", OnProgress: func(p tools.Progress) { said = append(said, p.Message) },
		})
		if err != nil || !strings.Contains(strings.Join(said, "\n"), want) {
			t.Errorf("got %q, %v", said, err)
		}
	}
}

func passesOn(t *testing.T) {
	const print = `command: [sh, -c, 'echo "<$SLUICE_TEST_PASSED>"']`
	says(tool(print), "", "<>")(t)
	says(tool(print+", pass_env: [SLUICE_TEST_PASSED]"), "", "<passed on>")(t)
}

func TestStdinTakesAllArgumentsAsJSON(t *testing.T) {
	t.Parallel()
	says(tool(`command: [cat], stdin: json, input: {type: object}`), `{"b":1,"a":[2]}`, `{"b":1,"a":[2]}`)(t)
}

func TestExamplesAreServed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"anchors", "full", "minimal", "sidecar"} {
		f, err := examine(filepath.Join("../../testdata/configs", name+".yaml"))
		if err != nil || !f.Valid || len(f.Errors) > 0 {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
}
