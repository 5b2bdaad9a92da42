package main

import (
	"fmt"
	"mime"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/admin"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/journal"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// administration are the routes by which callers who may do so see and end the calls of all.
func (s *service) administration() []route {
	return []route{
		{"GET " + admin.PathCalls, needsAdmin, http.HandlerFunc(s.listCalls)},
		{"DELETE " + admin.PathCalls + "/{id}", needsAdmin, http.HandlerFunc(s.stopCall)},
		{"GET " + admin.PathMetrics, needsAdmin, http.HandlerFunc(s.tellMetrics)},
		{"GET " + admin.PathHealth, needsAdmin, http.HandlerFunc(s.tellHealth)},
		{"GET " + admin.PathLogLevel, needsAdmin, http.HandlerFunc(s.tellLogLevel)},
		{"PUT " + admin.PathLogLevel, needsAdmin, http.HandlerFunc(s.setLogLevel)},
	}
}

func (s *service) listCalls(w http.ResponseWriter, _ *http.Request) {
	now := time.Now()
	list := admin.Calls{Now: now, Calls: []admin.Call{}}
	for _, a := range s.host.engine.Activities() {
		list.Calls = append(list.Calls, callDocument(&a, now))
	}
	answerJSON(w, http.StatusOK, list)
}

func callDocument(a *executor.Activity, now time.Time) admin.Call {
	c := admin.Call{
		ID: a.ID, Tool: a.Tool, Caller: a.Caller, Transport: a.Transport, Priority: a.Priority,
		State: string(a.State), WaitsFor: a.WaitsFor, Queued: a.Queued, AgeMs: now.Sub(a.Queued).Milliseconds(),
	}
	if !a.Started.IsZero() {
		c.RunMs = now.Sub(a.Started).Milliseconds()
	}
	if p := a.Progress; p != (tools.Progress{}) {
		c.Progress = &admin.Progress{Done: p.Done, Total: p.Total, Message: journal.Mask(p.Message)}
	}
	return c
}

func (s *service) stopCall(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	peer, _ := websocket.PeerOf(r)
	if err := s.host.engine.Stop(id, fmt.Errorf("by %s, over the admin API", peer.Caller)); err != nil {
		answerJSON(w, http.StatusNotFound, admin.Problem{Error: "No call of this id is in flight: it has ended, or was stopped before."})
		return
	}
	s.log.Warn("a call was stopped by an administrator", "id", id, "caller", peer.Caller)
	answerJSON(w, http.StatusOK, admin.Stopped{ID: id})
}

func (s *service) tellHealth(w http.ResponseWriter, _ *http.Request) {
	v := probe{Status: "ok", Checks: s.host.diagnose()}
	for _, c := range v.Checks {
		v.Status = worse(v.Status, c.Status)
	}
	answerJSON(w, http.StatusOK, v)
}

func (s *service) tellLogLevel(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, admin.LogLevel{Level: journal.LevelName(s.logs.Level())})
}

// setLogLevel takes a document of a few bytes. One of another type could come from a page
// that asks nobody.
func (s *service) setLogLevel(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		answerJSON(w, http.StatusUnsupportedMediaType, admin.Problem{Error: `Send JSON, with "Content-Type: application/json".`})
		return
	}
	var wanted admin.LogLevel
	if err := json.UnmarshalRead(http.MaxBytesReader(w, r.Body, 1024), &wanted, json.RejectUnknownMembers(true)); err != nil {
		answerJSON(w, http.StatusBadRequest, admin.Problem{Error: `Send {"level": "debug"}, or info, warn or error.`})
		return
	}
	level, err := journal.ParseLevel(wanted.Level)
	if err != nil {
		answerJSON(w, http.StatusBadRequest, admin.Problem{Error: err.Error() + "."})
		return
	}
	peer, _ := websocket.PeerOf(r)
	s.logs.SetLevel(level)
	s.log.Warn("the log level was changed by an administrator", "level", wanted.Level, "caller", peer.Caller)
	answerJSON(w, http.StatusOK, wanted)
}

func (s *service) tellMetrics(w http.ResponseWriter, _ *http.Request) {
	m := s.host.engine.Metrics()
	d := admin.Metrics{
		Now: time.Now(), Version: buildVersion().Version, Draining: s.health.draining.Load(),
		Total: countsDocument(&m.Total), OtherTools: countsDocument(&m.OtherTools), OtherCaller: countsDocument(&m.OtherCallers),
		Tools: map[string]admin.Counts{}, Callers: map[string]admin.Counts{},
		Queue:    admin.Queue{Slots: m.Queue.Concurrency, Used: m.Queue.Running, Room: m.Queue.Room, Waiting: map[string]int{}},
		InFlight: admin.InFlight{Calls: m.InFlight.Calls, Bytes: m.InFlight.Bytes},
		Cache:    admin.Cache{Entries: m.CacheEntries, Bytes: m.CacheBytes},
		Dropped:  s.dropped(),
	}
	for name, counts := range m.Tools {
		d.Tools[name] = countsDocument(&counts)
	}
	for name, counts := range m.Callers {
		d.Callers[name] = countsDocument(&counts)
	}
	for class, state := range m.Queue.Classes {
		d.Queue.Waiting[class.String()] = state.Waiting
	}
	connections := s.accept.Stats()
	d.Connections = &admin.Connections{Open: connections.Connections, Accepted: connections.Accepted}
	for _, u := range s.host.upstreamStates() {
		d.Upstreams = append(d.Upstreams, admin.Upstream{Name: u.Name, State: string(u.State), Tools: u.Tools})
	}
	answerJSON(w, http.StatusOK, d)
}

func (s *service) dropped() (d admin.Dropped) {
	d.Log = s.logs.Dropped()
	if s.host.history != nil {
		d.History = s.host.history.Health().Dropped
	}
	if s.host.audit != nil {
		d.Audit = s.host.audit.Status().Dropped
	}
	if s.host.traces != nil {
		_, d.Spans = s.host.traces.Numbers()
	}
	return d
}

func countsDocument(c *executor.Counts) admin.Counts {
	d := admin.Counts{
		Calls: c.Calls, OK: c.Succeeded, ToolErrors: c.ToolErrors, Refused: c.Refused, Running: c.Running, Waiting: c.Waiting,
		Abandoned: c.Abandoned, CacheHits: c.CacheHits, Coalesced: c.Coalesced, CPUMs: c.CPU.Milliseconds(),
		Wait: durationsDocument(&c.Wait), Run: durationsDocument(&c.Run),
	}
	if c.Breaker.State != executor.BreakerClosed {
		d.Breaker = string(c.Breaker.State)
	}
	for kind, n := range c.Failed {
		if d.Failed == nil {
			d.Failed = map[string]uint64{}
		}
		d.Failed[string(kind)] = n
	}
	return d
}

func durationsDocument(d *executor.Durations) admin.Durations {
	return admin.Durations{MeanMs: inMillis(d.Mean()), P50Ms: inMillis(d.Quantile(0.5)), P99Ms: inMillis(d.Quantile(0.99))}
}
