//go:build unix

package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	traces "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
)

// A fakeCollector takes spans as a collector of OpenTelemetry does.
type fakeCollector struct {
	*httptest.Server
	mu      sync.Mutex // guards all below
	service string
	secrets []string // that came with the spans
	spans   []*traces.Span
	raw     []byte // of all bodies
}

func newFakeCollector(t *testing.T) *fakeCollector {
	t.Helper()
	c := &fakeCollector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := c.take(r); err != nil {
			t.Error(err)
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *fakeCollector) take(r *http.Request) error {
	if r.Method != http.MethodPost || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		return fmt.Errorf("%s %s of %q", r.Method, r.URL, r.Header.Get("Content-Type"))
	}
	plain, err := gzip.NewReader(r.Body)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(plain)
	if err != nil {
		return err
	}
	var request collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &request); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw = append(c.raw, body...)
	c.secrets = append(c.secrets, r.Header.Get("Authorization")+r.Header.Get("X-Key"))
	for _, of := range request.GetResourceSpans() {
		c.service = attributesOf(of.GetResource().GetAttributes())["service.name"]
		for _, scope := range of.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
	return nil
}

func attributesOf(list []*common.KeyValue) map[string]string {
	values := map[string]string{}
	for _, a := range list {
		switch v := a.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			values[a.GetKey()] = v.StringValue
		case *common.AnyValue_IntValue:
			values[a.GetKey()] = fmt.Sprint(v.IntValue)
		case *common.AnyValue_BoolValue:
			values[a.GetKey()] = fmt.Sprint(v.BoolValue)
		}
	}
	return values
}

// parentOf is the traceparent that a span hands on.
func parentOf(s *traces.Span) string {
	return fmt.Sprintf("00-%x-%x-01", s.GetTraceId(), s.GetSpanId())
}

// traced is a call with the trace that its caller is in.
func traced(id int, tool, arguments string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%[1]d,"method":"tools/call","params":{"name":%[2]q,"arguments":%[3]s,`+
		`"_meta":{"progressToken":%[1]d,"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","tracestate":"vendor=x","baggage":"user=7"}}}`, id, tool, arguments)
}

// asks makes a traced call, and returns when it is told these words of how it gets on.
func (c *client) asks(id int, tool, words string) {
	c.t.Helper()
	token := fmt.Sprintf(`"progressToken":%d`, id)
	for line := c.ask(traced(id, tool, `{}`), token); !strings.Contains(line, words); line = c.until(token) {
	}
}

// TestOneTrace follows the trace of a caller from its WebSocket through the engine into a
// program's environment, an HTTP tool's header and another MCP server's call.
func TestOneTrace(t *testing.T) {
	t.Parallel()
	c := newFakeCollector(t)
	var header http.Header
	release := make(chan struct{})
	tool := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-release
			return
		}
		header = r.Header.Clone()
		w.WriteHeader(http.StatusTeapot)
	}))
	defer tool.Close()
	letGo := sync.OnceFunc(func() { close(release) })
	defer letGo()
	inner := writeFile(t, "engine: {history: off}\ntraces: off\ntools: [{name: env, command: [sh, -c, 'echo \"[$TRACEPARENT]\"']}]\n")
	secret := writeFile(t, "collector-secret\n")
	config := writeFile(t, "name: traced\nengine: {history: off, concurrency: 1, "+beating+"}\n"+
		"traces: {endpoint: '"+c.URL+"', token_file: '"+secret+"'}\n"+
		"tools:\n  - {name: env, command: [sh, -c, 'echo \"[$TRACEPARENT|$TRACESTATE|$BAGGAGE]\"; exit 3']}\n"+
		"  - {name: http, http: {url: '"+tool.URL+"/orders/{id}'}, input: {type: object, properties: {id: {type: string}}, required: [id]}}\n"+
		"  - {name: slow, http: {url: '"+tool.URL+"/slow'}, cache: {ttl: 1m}}\n  - {name: after, command: [echo]}\n"+
		"upstreams:\n  - {name: other, command: ["+binary+", stdio, --config, "+inner+"], prefix: other_}\n")
	s := serve(t, "--config", config)
	s.stderr.await(t, "the server is up")
	client := s.connect(s.token)
	answers := map[int]string{
		1: client.ask(traced(1, "env", `{}`), `"id":1`),
		2: client.ask(traced(2, "http", `{"id":"argument-value"}`), `"id":2`),
		3: client.ask(traced(3, "other_env", `{}`), `"id":3`),
		4: client.ask(traced(4, "no-such-tool", `{}`), `"id":4`),
	}
	client.asks(5, "slow", "still running")
	client.asks(6, "slow", "still running")       // for both
	client.asks(7, "after", "waiting for a slot") // which that has
	letGo()
	s.signal(syscall.SIGTERM)
	s.wantExit(exitOK)

	for _, name := range []string{"tools/call env", "tools/call http", "tools/call other_env", "tools/call slow", "tools/call"} {
		for _, span := range c.all(name) {
			if a := attributesOf(span.GetAttributes()); fmt.Sprintf("%x", span.GetTraceId()) != "0af7651916cd43dd8448eb211c80319c" || a["mcp.method.name"] != "tools/call" || a["sluice.call.id"] == "" {
				t.Errorf("%s is not in the caller's trace: %v", name, span)
			}
		}
		if len(c.all(name)) == 0 {
			t.Errorf("no span %q in %v", name, c.spans)
		}
	}
	// The upstream's span and that of the tool of the same name differ by their parents.
	legs := map[string]*traces.Span{}
	for _, span := range c.spans {
		if span.GetKind() == traces.Span_SPAN_KIND_CLIENT {
			legs[c.parentName(span)+" > "+span.GetName()] = span
		}
	}
	program, request, other := legs["tools/call env > sh"], legs["tools/call http > GET"], legs["tools/call other_env > tools/call env"]
	if program == nil || request == nil || other == nil {
		t.Fatalf("the legs are %v", legs)
	}
	if !strings.Contains(answers[1], "["+parentOf(program)+"|vendor=x|]") {
		t.Errorf("the program was not given %s: %s", parentOf(program), answers[1])
	}
	if a := attributesOf(program.GetAttributes()); a["process.exit.code"] != "3" || a["error.type"] != "exit_code" || a["process.executable.name"] != "sh" {
		t.Errorf("of the program: %v", a)
	}
	if header.Get("Traceparent") != parentOf(request) || header.Get("Tracestate") != "vendor=x" || header.Get("Baggage") != "" {
		t.Errorf("the endpoint was sent %v", header)
	}
	if a := attributesOf(request.GetAttributes()); a["http.response.status_code"] != "418" || a["url.template"] != "/orders/{id}" || a["error.type"] != "418" || a["http.request.method"] != "GET" {
		t.Errorf("of the request: %v", a)
	}
	if !strings.Contains(answers[3], "["+parentOf(other)+"]") { // which the other server has handed on to its program
		t.Errorf("the other server was not given %s: %s", parentOf(other), answers[3])
	}
	if a := attributesOf(other.GetAttributes()); a["sluice.upstream"] != "other" || a["gen_ai.tool.name"] != "env" {
		t.Errorf("of the other server: %v", a)
	}
	waits := map[string]bool{}
	for _, span := range c.spans {
		if reason := attributesOf(span.GetAttributes())["sluice.wait.reason"]; reason != "" {
			waits[reason+" "+c.parentName(span)] = true
			if reason == "coalesce" && len(span.GetLinks()) != 1 {
				t.Errorf("no link to the call that was shared: %v", span)
			}
		}
	}
	if !waits["queue tools/call after"] || !waits["coalesce tools/call slow"] {
		t.Errorf("the waits are %v", waits)
	}
	if c.service != "traced" || c.secrets[0] != "Bearer collector-secret" {
		t.Errorf("spans of %q came with %q", c.service, c.secrets)
	}
	if strings.Contains(string(c.raw), "argument-value") {
		t.Error("an argument is in a span")
	}
}

// all returns the spans of a name and of kind server.
func (c *fakeCollector) all(name string) (found []*traces.Span) {
	for _, s := range c.spans {
		if s.GetName() == name && s.GetKind() == traces.Span_SPAN_KIND_SERVER {
			found = append(found, s)
		}
	}
	return found
}

// parentName returns the name of the span above another.
func (c *fakeCollector) parentName(of *traces.Span) string {
	for _, s := range c.spans {
		if string(s.GetSpanId()) == string(of.GetParentSpanId()) {
			return s.GetName()
		}
	}
	return ""
}

// tracedWith runs a call of a config with these keys of traces, and returns what the
// collector has.
func tracedWith(t *testing.T, keys, meta string) *fakeCollector {
	t.Helper()
	c := newFakeCollector(t)
	h := newTestHost(t, "engine: {history: off}\ntraces: {endpoint: '"+c.URL+"', "+keys+"}\n"+tool("command: [echo]"), newRecord())
	if _, err := h.engine.Execute(t.Context(), &executor.Request{Tool: "x", Trace: tools.ParseTrace(meta, "", "")}); err != nil {
		t.Fatal(err)
	}
	h.closeTraces(t.Context())
	return c
}

// traceKnobs are the keys of the section on traces.
var traceKnobs = map[string]func(*testing.T){
	"Config.traces":   func(t *testing.T) { wantSpans(t, tracedWith(t, "", ""), 2) },
	"Traces.endpoint": func(t *testing.T) { wantSpans(t, tracedWith(t, "", ""), 2) },
	"Traces.sample": func(t *testing.T) {
		wantSpans(t, tracedWith(t, "sample: 0.000000001", ""), 0)
		wantSpans(t, tracedWith(t, "sample: 0.000000001", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), 2)
		wantSpans(t, tracedWith(t, "sample: 1", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"), 0)
	},
	"Traces.token_env": func(t *testing.T) {
		wantSecret(t, tracedWith(t, "token_env: SLUICE_TEST_SECRET", ""), "Bearer open-sesame")
	},
	"Traces.token_file": func(t *testing.T) {
		wantSecret(t, tracedWith(t, "token_file: '"+writeFile(t, "from-a-file")+"'", ""), "Bearer from-a-file")
	},
	"Traces.header": func(t *testing.T) {
		wantSecret(t, tracedWith(t, "token_env: SLUICE_TEST_SECRET, header: X-Key", ""), "open-sesame")
	},
	"Traces.ca_file": func(t *testing.T) {
		h := newTestHost(t, "traces: {endpoint: 'https://127.0.0.1:1', ca_file: '"+writeFile(t, "no PEM")+"'}\n"+tool("command: [echo]"), newRecord())
		if h.traces != nil {
			t.Error("a file without certificates is taken")
		}
	},
}

func wantSpans(t *testing.T, c *fakeCollector, want int) {
	t.Helper()
	if len(c.spans) != want {
		t.Errorf("%d spans, want %d: %v", len(c.spans), want, c.spans)
	}
}

func wantSecret(t *testing.T, c *fakeCollector, want string) {
	t.Helper()
	if len(c.secrets) != 1 || c.secrets[0] != want {
		t.Errorf("the secrets are %q, want %q", c.secrets, want)
	}
}

// TestTracesOfTheEnvironment checks what the variables of OpenTelemetry do without a config.
func TestTracesOfTheEnvironment(t *testing.T) {
	t.Parallel()
	c := newFakeCollector(t)
	endpoint := "OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL
	for _, test := range []struct {
		env   []string
		lines string // of the log
		spans int
	}{
		{[]string{endpoint, "OTEL_SERVICE_NAME=by-env", "OTEL_EXPORTER_OTLP_HEADERS=x-key=by%20env"}, "", 1},
		{[]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=" + c.URL + "/v1/traces"}, "", 1},
		{[]string{endpoint, "OTEL_TRACES_SAMPLER=always_off"}, "", 0},
		{[]string{endpoint, "OTEL_SDK_DISABLED=true"}, "", 0},
		{[]string{endpoint, "OTEL_TRACES_EXPORTER=none"}, "", 0},
		{[]string{endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"}, "only http/protobuf is spoken", 0},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=localhost:4317"}, "must be a URL", 0},
	} {
		c.spans, c.secrets = nil, nil
		cmd := exec.Command(binary, "stdio")
		cmd.Env = append(os.Environ(), test.env...)
		p := startCommand(t, cmd)
		p.send(handshake...)
		p.send(call(1, "echo", object{"text": "x"}))
		p.until(`"id":1`)
		p.stdin.Close()
		p.wantExit(exitOK)
		if len(c.spans) != test.spans || !strings.Contains(p.stderr.String(), test.lines) {
			t.Errorf("%v: %d spans, and the log says:\n%s", test.env, len(c.spans), p.stderr)
		}
		if test.spans > 0 && strings.Contains(test.env[1%len(test.env)], "by-env") && (c.service != "by-env" || c.secrets[0] != "by env") {
			t.Errorf("spans of %q came with %q", c.service, c.secrets)
		}
	}
}
