package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/admin"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/journal"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
)

// administered is a service of the built-in tools with a client that may administer it.
func administered(t *testing.T) (*service, *admin.Client) {
	t.Helper()
	s := testService(t)
	t.Cleanup(func() { s.host.await(context.Background(), slog.New(slog.DiscardHandler)) })
	s.sole.Store(true)
	s.logs = journal.New(io.Discard, slog.LevelInfo, false)
	t.Cleanup(s.logs.Close)
	mux := http.NewServeMux()
	s.mount(mux, true)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return s, &admin.Client{Base: server.URL, Token: routeToken, HTTP: server.Client()}
}

// TestAdministerCalls checks that a call is seen with what it does, and ended.
func TestAdministerCalls(t *testing.T) {
	t.Parallel()
	s, client := administered(t)
	begun, ended := make(chan struct{}), make(chan error, 1)
	once := sync.OnceFunc(func() { close(begun) })
	go func() {
		_, err := s.host.engine.Execute(context.Background(), &executor.Request{
			Tool: "countdown", Arguments: json.RawMessage(`{"from":600,"interval_ms":200}`), Caller: "planner", Transport: "websocket",
			OnProgress: func(tools.Progress) { once() },
		})
		ended <- err
	}()
	<-begun
	list, err := client.Calls(t.Context())
	if err != nil || len(list.Calls) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	c := list.Calls[0]
	if c.Tool != "countdown" || c.Caller != "planner" || c.State != "running" || c.Progress == nil || c.Progress.Total != 600 || c.ID == "" {
		t.Errorf("the call is %+v, %+v", c, c.Progress)
	}
	if err := client.Stop(t.Context(), c.ID); err != nil {
		t.Error(err)
	}
	if err := <-ended; !strings.Contains(err.Error(), "by ops, over the admin API") {
		t.Errorf("the call ended with %v", err)
	}
	if err := client.Stop(t.Context(), c.ID); err == nil || !strings.Contains(err.Error(), "No call of this id") {
		t.Errorf("a second time: %v", err)
	}
	m, err := client.Metrics(t.Context())
	if err != nil || m.Tools["countdown"].Failed["cancelled"] != 1 || m.Callers["planner"].Calls != 1 || m.Queue.Slots != 64 {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestAdministerLogLevel checks that the level changes, and for nonsense does not.
func TestAdministerLogLevel(t *testing.T) {
	t.Parallel()
	s, client := administered(t)
	if err := client.SetLogLevel(t.Context(), "debug"); err != nil || s.logs.Level() != slog.LevelDebug {
		t.Errorf("the level is %v, %v", s.logs.Level(), err)
	}
	if err := client.SetLogLevel(t.Context(), "loud"); err == nil || !strings.Contains(err.Error(), "choose debug, info, warn or error") {
		t.Errorf("got %v", err)
	}
	for body, kind := range map[string]string{
		`{"level":"error"}`:                "text/plain",
		`{"level":"error","x":1}`:          "application/json",
		`{"LEVEL":"error"}`:                "application/json",
		`{"level":"info","level":"error"}`: "application/json",
		`{"level":"error"} {}`:             "application/json",
		`{`:                                "application/json",
		strings.Repeat(" ", 2000):          "application/json",
		`{"level":"error"} ` + "\x00":      "",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, client.Base+admin.PathLogLevel, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+routeToken)
		r.Header.Set("Content-Type", kind)
		response, err := client.HTTP.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode/100 != 4 || s.logs.Level() != slog.LevelDebug {
			t.Errorf("%q as %q: %s, the level is %v", body, kind, response.Status, s.logs.Level())
		}
	}
}

// TestTopView checks what is said of a server, on a screen of any size.
func TestTopView(t *testing.T) {
	t.Parallel()
	var p picture
	p.Metrics.Queue.Slots, p.Metrics.Queue.Used = 4, 4
	p.Metrics.Queue.Waiting = map[string]int{"normal": 7}
	p.Metrics.Tools = map[string]admin.Counts{"quiet": {}, "busy\x1b[2J": {Running: 4, Waiting: 7, Breaker: "half_open"}}
	p.Metrics.Upstreams = []admin.Upstream{{Name: "files", State: "down"}, {Name: "good", State: "up"}}
	p.Metrics.Dropped.Log = 3
	for i := range 30 {
		p.Calls.Calls = append(p.Calls.Calls, admin.Call{ID: strings.Repeat(string(rune('a'+i%26)), 36), Tool: "busy", State: "waiting", WaitsFor: "a slot"})
	}
	p.Calls.Calls[29].Progress, p.Calls.Calls[29].WaitsFor = &admin.Progress{Done: 1, Total: 4, Message: "a\x1b]0;x"}, ""
	before := p
	p.Metrics.Now = before.Metrics.Now.Add(2_000_000_000)
	p.Metrics.Total.Calls = 5
	v := topView{now: p, before: before, chosen: 29, note: "a note"}
	text := strings.Join(v.lines(), "\n")
	for _, want := range []string{"4 of 4 slots", "7 waiting", "2.5 calls/s", "upstream files is down", "dropped: 0 history, 0 audit, 3 log", "half-open", "waits for a slot", "25% a", "> ddd", "a note"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "\x1b") || strings.Contains(text, "good") {
		t.Errorf("got %q", text)
	}
	for _, height := range []int{1, 5, 24, 50} {
		v.width, v.height = 60, height
		lines := v.lines()
		found := false
		for _, line := range lines {
			found = found || strings.HasPrefix(line, "> ")
			if len([]rune(line)) > 60 {
				t.Errorf("too long: %q", line)
			}
		}
		if !found || height >= 24 && len(lines) >= height {
			t.Errorf("%d lines for %d, the chosen one is there: %v", len(lines), height, found)
		}
	}
}
