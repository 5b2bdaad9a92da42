package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/executor/audit"
	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/upstream"
	"github.com/sluice-dev/sluice/transport/websocket"
)

func tool(name string, limits tools.Limits, f func(context.Context, *tools.Call) (*tools.Result, error)) *tools.Tool {
	return &tools.Tool{
		Definition: tools.Definition{Name: name, InputSchema: json.RawMessage(`{"type":"object"}`)},
		Handler:    tools.HandlerFunc(f), Limits: limits,
	}
}

func echo(context.Context, *tools.Call) (*tools.Result, error) { return tools.TextResult("x"), nil }

func engine(t *testing.T, list ...*tools.Tool) *executor.Engine {
	t.Helper()
	registry := &tools.Registry{}
	if err := registry.Add(list...); err != nil {
		t.Fatal(err)
	}
	return executor.New(executor.Options{Registry: registry})
}

// everything is a source that has something to tell of all.
func everything(e *executor.Engine) Source {
	return Source{
		Engine:   e.Metrics,
		Draining: func() bool { return true },
		History:  func() history.Health { return history.Health{Dropped: 2, Waiting: 3, Err: errors.New("full")} },
		Audit:    func() audit.Status { return audit.Status{Dropped: 4, Failures: 5, Err: errors.New("full")} },
		Connections: func() websocket.Stats {
			return websocket.Stats{Connections: 6, Accepted: 7, Refused: map[int]uint64{401: 8}}
		},
		Upstreams: func() []upstream.Status {
			return []upstream.Status{{Name: "files", State: upstream.StateUp, Starts: 9, Tools: 10, Quarantined: []string{"a"}}}
		},
		LogDropped: func() uint64 { return 11 },
		Traces:     func() Traces { return Traces{Exported: 12, Dropped: 13} },
		Build:      Build{"v1", "abc", "go1.26"},
	}
}

// busy is an engine that has seen calls of all kinds.
func busy(t *testing.T) *executor.Engine {
	e := engine(t, tool("echo", tools.Limits{}, echo),
		tool("kept", tools.Limits{Cache: &tools.Cache{}, Adaptive: &tools.Adaptive{}}, echo),
		tool("fails", tools.Limits{Breaker: tools.Breaker{Failures: 2}, RepeatFailures: -1}, func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
			tools.ReportUsage(ctx, tools.Usage{CPU: 1500 * time.Millisecond, PeakMemory: 1 << 20})
			panic("bad")
		}))
	for _, name := range []string{"echo", "kept", "kept", "fails", "fails", "fails", "none"} {
		_, _ = e.Execute(t.Context(), &executor.Request{Tool: name, Caller: "planner"})
	}
	return e
}

// TestLint holds the metrics to the conventions of Prometheus, as promtool check metrics
// does.
func TestLint(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(NewCollector(everything(busy(t))))
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// scrape returns what a scraper is given.
func scrape(t *testing.T, s Source, accept string) string {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	NewHandler(s, slog.New(slog.NewTextHandler(io.Discard, nil))).ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// TestRefusalsOfTheQueue checks that each reason for which the queue refuses is told.
func TestRefusalsOfTheQueue(t *testing.T) {
	t.Parallel()
	text := scrape(t, Source{Engine: func() executor.Metrics {
		return executor.Metrics{
			Queue:    executor.QueueState{RefusedFull: 1, RefusedBytes: 2, RefusedShare: 3, RefusedDeadline: 4, TimedOut: 5},
			InFlight: executor.InFlightState{RefusedBytes: 6}, CacheRefused: 7,
		}
	}}, "text/plain")
	for _, want := range []string{
		`{reason="queue_full"} 1`, `{reason="queue_bytes"} 2`, `{reason="queue_share"} 3`,
		`{reason="queue_deadline"} 4`, `{reason="queue_timeout"} 5`, `{reason="in_flight_bytes"} 6`, `{reason="cache_waiting"} 7`,
	} {
		if !strings.Contains(text, "sluice_refusals_total"+want+"\n") {
			t.Errorf("there is no %s", want)
		}
	}
}

// TestScrape checks the values, by those that are known here.
func TestScrape(t *testing.T) {
	t.Parallel()
	text := scrape(t, everything(busy(t)), "text/plain")
	for _, want := range []string{
		`sluice_calls_total{outcome="ok",tool="echo"} 1`,
		`sluice_calls_total{outcome="ok",tool="kept"} 2`,
		`sluice_calls_total{outcome="panic",tool="fails"} 2`,
		`sluice_calls_total{outcome="circuit_open",tool="fails"} 1`,
		`sluice_calls_total{outcome="unknown_tool",tool="other"} 1`,
		`sluice_calls_refused_total{tool="fails"} 1`,
		`sluice_refusals_total{reason="circuit_open"} 1`,
		`sluice_refusals_total{reason="unknown_tool"} 1`,
		`sluice_refusals_total{reason="queue_full"} 0`,
		`sluice_call_duration_seconds_count{tool="echo"} 1`,
		`sluice_call_duration_seconds_bucket{tool="echo",le="134.217728"} 1`,
		`sluice_call_wait_seconds_count{tool="fails"} 2`,
		`sluice_cache_requests_total{result="hit",tool="kept"} 1`,
		`sluice_cache_requests_total{result="miss",tool="kept"} 1`,
		`sluice_cache_entries 1`,
		`sluice_breaker_state{state="open",tool="fails"} 1`,
		`sluice_breaker_state{state="closed",tool="echo"} 1`,
		`sluice_breaker_opened_total{tool="fails"} 1`,
		`sluice_adaptive_timeout_seconds{tool="kept"} 30`,
		`sluice_subprocess_cpu_seconds_total{tool="fails"} 3`,
		`sluice_subprocess_peak_memory_bytes{tool="fails"} 1.048576e+06`,
		`sluice_caller_calls_total{caller="planner",outcome="failed"} 4`,
		`sluice_caller_refused_total{caller="planner"} 2`,
		`sluice_queue_slots 64`, `sluice_queue_slots_used 0`, `sluice_queue_waiting{priority="interactive"} 0`,
		`sluice_history_dropped_total 2`, `sluice_history_pending 3`, `sluice_history_degraded 1`,
		`sluice_audit_dropped_total 4`, `sluice_audit_write_failures_total 5`, `sluice_audit_degraded 1`,
		`sluice_websocket_connections 6`, `sluice_websocket_connections_accepted_total 7`,
		`sluice_http_requests_refused_total{status="401"} 8`,
		`sluice_upstream_up{upstream="files"} 1`, `sluice_upstream_connections_total{upstream="files"} 9`,
		`sluice_upstream_tools{upstream="files"} 10`, `sluice_upstream_tools_quarantined{upstream="files"} 1`,
		`sluice_log_dropped_total 11`, `sluice_trace_spans_exported_total 12`, `sluice_trace_spans_dropped_total 13`,
		`sluice_draining 1`, `sluice_build_info{goversion="go1.26",revision="abc",version="v1"} 1`,
		"\ngo_goroutines ", "\nprocess_cpu_seconds_total ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	if open := scrape(t, Source{Engine: engine(t).Metrics}, "application/openmetrics-text; version=1.0.0"); !strings.Contains(open, "sluice_queue_slots") {
		t.Errorf("a source that has only an engine: %s", open)
	}
}

// TestDescribed checks that what a server may send is what the collector says that it may.
func TestDescribed(t *testing.T) {
	t.Parallel()
	text := scrape(t, everything(busy(t)), "text/plain")
	for _, desc := range families {
		name := nameOf(desc)
		if !strings.Contains(text, "# TYPE "+name+" ") {
			t.Errorf("%s is not sent", name)
		}
	}
}

// TestDocumented holds that the documentation has each metric, and no other.
func TestDocumented(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../../../docs/observe.md")
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]bool{}
	for _, name := range regexp.MustCompile("`(sluice_[a-z0-9_]+)`").FindAllStringSubmatch(string(doc), -1) {
		written[name[1]] = true
	}
	for _, desc := range families {
		if name := nameOf(desc); !written[name] {
			t.Errorf("%s is not documented", name)
		} else {
			delete(written, name)
		}
	}
	for name := range written {
		t.Errorf("there is no metric %s", name)
	}
}

var quoted = regexp.MustCompile(`fqName: "([^"]+)"`)

func nameOf(desc *prometheus.Desc) string { return quoted.FindStringSubmatch(desc.String())[1] }

// TestCardinality is row 70 of the faults: callers who make up names of tools, or are ever
// new ones, do not make the metrics grow.
func TestCardinality(t *testing.T) {
	t.Parallel()
	e := engine(t, tool("echo", tools.Limits{}, echo), tool("other", tools.Limits{}, echo))
	collector := NewCollector(Source{Engine: e.Metrics})
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collector)
	const n = 3000
	for i := range n {
		name, caller := fmt.Sprintf("made-up-%d", i), fmt.Sprintf("principal-%d", i)
		if i%3 == 0 {
			name = "echo"
		}
		_, _ = e.Execute(t.Context(), &executor.Request{Tool: name, Caller: caller})
	}
	for _, caller := range []string{other, "a\xff", "a\xfe"} { // labels that would not be valid, or be there twice
		_, _ = e.Execute(t.Context(), &executor.Request{Tool: "other", Caller: caller})
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	toolLabels, callerLabels, sum := map[string]bool{}, map[string]bool{}, 0.0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				switch l.GetName() {
				case "tool":
					toolLabels[l.GetValue()] = true
				case "caller":
					callerLabels[l.GetValue()] = true
				}
			}
			if f.GetName() == "sluice_calls_total" {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	if len(toolLabels) != 2 || len(callerLabels) > 257 || sum != n+3 {
		t.Errorf("%d tools, %d callers, %v calls", len(toolLabels), len(callerLabels), sum)
	}
}

// TestManyTools checks that tools beyond the bound share a label, that those within keep
// theirs, and that one which is gone makes room.
func TestManyTools(t *testing.T) {
	t.Parallel()
	m := executor.Metrics{Tools: map[string]executor.Counts{}}
	for i := range maxTools {
		m.Tools[fmt.Sprint("tool", i)] = executor.Counts{Succeeded: 1}
	}
	c := NewCollector(Source{})
	c.labelled(&m)
	m.Tools["late"] = executor.Counts{Succeeded: 5}
	if labelled := c.labelled(&m); labelled["late"] != nil || labelled[other].Succeeded != 5 || labelled["tool0"] == nil {
		t.Errorf("%d labels", len(labelled))
	}
	delete(m.Tools, "tool0")
	if labelled := c.labelled(&m); labelled["late"] == nil || labelled[other].Succeeded != 0 {
		t.Errorf("a tool that is gone keeps its place")
	}
}

// TestScrapesAtOnce checks that a crowd of scrapers is turned away, and harms nobody.
func TestScrapesAtOnce(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}, 100), make(chan struct{})
	e := engine(t)
	s := Source{Engine: func() executor.Metrics {
		entered <- struct{}{}
		<-release
		return e.Metrics()
	}}
	h := NewHandler(s, slog.New(slog.DiscardHandler))
	ask := func() int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		return w.Code
	}
	var scrapes sync.WaitGroup
	for range maxScrapes {
		scrapes.Go(func() {
			if code := ask(); code != http.StatusOK {
				t.Errorf("got %d", code)
			}
		})
	}
	for range maxScrapes {
		<-entered
	}
	if code := ask(); code != http.StatusServiceUnavailable {
		t.Errorf("one too many gets %d", code)
	}
	close(release)
	scrapes.Wait()
}

// TestDashboard holds that the dashboard in the documentation shows only metrics that
// exist, and most of those that do.
func TestDashboard(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../../../../docs/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Title  string
		Panels []struct {
			Title   string
			Type    string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(source, &dashboard); err != nil {
		t.Fatal(err)
	}
	text := scrape(t, everything(busy(t)), "text/plain")
	names := regexp.MustCompile(`\b(sluice|go|process)_[a-z0-9_]+`)
	shown := map[string]bool{}
	for _, panel := range dashboard.Panels {
		if panel.Type == "row" {
			continue
		}
		if panel.Title == "" || len(panel.Targets) == 0 {
			t.Errorf("panel %q shows nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			found := names.FindAllString(target.Expr, -1)
			if len(found) == 0 {
				t.Errorf("panel %q: no metric in %q", panel.Title, target.Expr)
			}
			for _, name := range found {
				if shown[name] = true; !strings.Contains(text, "\n"+name+"{") && !strings.Contains(text, "\n"+name+" ") {
					t.Errorf("panel %q: there is no metric %s", panel.Title, name)
				}
			}
		}
	}
	if len(shown) < 25 {
		t.Errorf("the dashboard shows only %d metrics", len(shown))
	}
}

func BenchmarkScrape(b *testing.B) {
	list := make([]*tools.Tool, 100)
	for i := range list {
		list[i] = tool(fmt.Sprint("tool", i), tools.Limits{}, echo)
	}
	registry := &tools.Registry{}
	if err := registry.Add(list...); err != nil {
		b.Fatal(err)
	}
	e := executor.New(executor.Options{Registry: registry})
	for i := range list {
		_, _ = e.Execute(b.Context(), &executor.Request{Tool: fmt.Sprint("tool", i)})
	}
	h := NewHandler(Source{Engine: e.Metrics}, slog.New(slog.DiscardHandler))
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/metrics", nil))
	}
}
