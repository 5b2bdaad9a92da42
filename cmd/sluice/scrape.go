package main

import (
	"net/http"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/metrics"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools/upstream"
)

// metricsHandler answers a scrape.
func (s *service) metricsHandler() http.Handler {
	b := buildVersion()
	source := metrics.Source{
		Engine:      func() executor.Metrics { return s.host.engine.Metrics() },
		Draining:    s.health.draining.Load,
		Connections: s.accept.Stats,
		Upstreams:   func() []upstream.Status { return s.host.upstreamStates() },
		LogDropped:  s.logs.Dropped,
		Build:       metrics.Build{Version: b.Version, Revision: b.Revision, Go: b.Go},
	}
	if s.host.history != nil {
		source.History = s.host.history.Health
	}
	if s.host.audit != nil {
		source.Audit = s.host.audit.Status
	}
	if traces := s.host.traces; traces != nil {
		source.Traces = func() metrics.Traces {
			exported, dropped := traces.Numbers()
			return metrics.Traces{Exported: exported, Dropped: dropped}
		}
	}
	return metrics.NewHandler(source, s.log)
}

// upstreamStates returns what is known of each server that is connected to.
func (h *host) upstreamStates() []upstream.Status {
	all := h.upstreams.all()
	states := make([]upstream.Status, len(all))
	for i, u := range all {
		states[i] = u.Status()
	}
	return states
}
