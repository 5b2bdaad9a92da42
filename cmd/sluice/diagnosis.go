package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/journal"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools/upstream"
)

// What a check may say.
const (
	checkOK       = "ok"
	checkDegraded = "degraded" // something does not work, and calls are served
	checkFailing  = "failing"  // no call is served
)

// A check is what is known of one thing that calls depend on.
type check struct {
	Name   string     `json:"name"`
	Status string     `json:"status"`
	Detail string     `json:"detail,omitempty"`
	Since  *time.Time `json:"since,omitempty"`

	blocks bool // no new calls should come until it is better
}

// worse returns the worse of two.
func worse(a, b string) string {
	order := []string{checkOK, checkDegraded, checkFailing}
	if slices.Index(order, b) > slices.Index(order, a) {
		return b
	}
	return a
}

// diagnose looks at all that calls depend on. What is well is in it too, so that whoever
// reads it sees what was looked at.
func (h *host) diagnose() []check {
	checks := []check{h.checkAudit(), h.checkHistory(), h.checkMemory()}
	checks = append(checks, h.checkEngine()...)
	required := h.upstreams.required()
	for _, u := range h.upstreams.all() {
		status := u.Status()
		checks = append(checks, checkUpstream(&status, required[status.Name]))
	}
	for _, name := range h.upstreams.missing() {
		checks = append(checks, check{Name: "upstream " + name, Status: checkDegraded, blocks: true,
			Detail: "it is required, and left out since its configuration is of no use: see the log"})
	}
	checks = slices.DeleteFunc(checks, func(c check) bool { return c.Name == "" })
	slices.SortStableFunc(checks, func(a, b check) int {
		order := []string{checkFailing, checkDegraded, checkOK}
		return slices.Index(order, a.Status) - slices.Index(order, b.Status)
	})
	return checks
}

func (h *host) checkAudit() check {
	if h.audit == nil {
		return check{}
	}
	s := h.audit.Status()
	c := check{Name: "audit", Status: checkOK, Detail: lost(s.Dropped, "entries")}
	if s.Err != nil {
		c.Status, c.Detail = checkDegraded, "it cannot be written: "+journal.Mask(s.Err.Error())
		if h.auditRequired {
			c.Status, c.Detail = checkFailing, c.Detail+"; no call is served without it"
		}
	}
	return c
}

func (h *host) checkHistory() check {
	if h.history == nil {
		return check{}
	}
	s := h.history.Health()
	c := check{Name: "history", Status: checkOK, Detail: lost(s.Dropped, "calls")}
	if s.Err != nil {
		c.Status, c.Detail = checkDegraded, "it cannot be written: "+journal.Mask(s.Err.Error())
	}
	return c
}

// lost says how much something lacks.
func lost(n uint64, what string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("it lacks %d %s", n, what)
}

func (h *host) checkMemory() check {
	if h.memory == nil {
		return check{}
	}
	if !h.memory.high() {
		return check{Name: "memory", Status: checkOK}
	}
	return check{Name: "memory", Status: checkDegraded, blocks: true, Detail: "it is short: new calls are refused until some have ended"}
}

// checkEngine looks at the queue, and at the tools that are not called or do not stop.
func (h *host) checkEngine() []check {
	m := h.engine.Metrics()
	queue := check{Name: "queue", Status: checkOK, Detail: fmt.Sprintf("%d of %d slots are taken, %d calls wait", m.Queue.Running, m.Queue.Concurrency, m.Queue.Waiting)}
	if m.Queue.Room > 0 && m.Queue.Waiting >= m.Queue.Room {
		queue.Status = checkDegraded
		queue.Detail += ", and no more may"
	}
	checks := []check{queue}
	for _, name := range slices.Sorted(maps.Keys(m.Tools)) {
		counts := m.Tools[name]
		if state := counts.Breaker.State; state == executor.BreakerOpen || state == executor.BreakerHalfOpen {
			since := counts.Breaker.Since
			checks = append(checks, check{Name: "breaker " + name, Status: checkDegraded, Since: &since,
				Detail: "it is " + strings.ReplaceAll(string(state), "_", "-") + ": the tool fails too often"})
		}
		if counts.Abandoned > 0 {
			checks = append(checks, check{Name: "tool " + name, Status: checkDegraded,
				Detail: fmt.Sprintf("%d of its handlers do not stop and keep their slots", counts.Abandoned)})
		}
	}
	return checks
}

func checkUpstream(s *upstream.Status, required bool) check {
	c := check{Name: "upstream " + s.Name, Status: checkOK, Since: &s.Since}
	switch s.State {
	case upstream.StateUp:
		c.Detail = fmt.Sprintf("up, with %d tools", s.Tools)
	case upstream.StateStarting:
		c.Detail, c.blocks = "it is starting", required
	default:
		c.Status, c.Detail, c.blocks = checkDegraded, "it is "+string(s.State), required
		if s.Err != nil {
			c.Detail += ": " + journal.Mask(s.Err.Error())
		}
	}
	if len(s.Quarantined) > 0 {
		c.Status = checkDegraded
		c.Detail += fmt.Sprintf("; %d tools are kept out until `sluice pin` accepts them", len(s.Quarantined))
	}
	return c
}
