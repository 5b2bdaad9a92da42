package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluice-dev/sluice/tools/upstream"
)

var (
	build        = gauge("build_info", "What the program was made from; always 1.", "version", "revision", "goversion")
	draining     = gauge("draining", "1 while the server takes no new calls since it is about to end.")
	historyLost  = counter("history_dropped_total", "Calls that the history lacks since it could not take them.")
	historyWait  = gauge("history_pending", "Calls that the history has not written yet.")
	historyBad   = gauge("history_degraded", "1 while the history cannot be written.")
	auditLost    = counter("audit_dropped_total", "Entries that the audit log lacks.")
	auditFailed  = counter("audit_write_failures_total", "Writes of the audit log that have failed.")
	auditBad     = gauge("audit_degraded", "1 while the audit log cannot be written.")
	logLost      = counter("log_dropped_total", "Lines that the log lacks since nobody took them in time.")
	connections  = gauge("websocket_connections", "WebSocket connections that are open.")
	accepted     = counter("websocket_connections_accepted_total", "WebSocket connections that were opened.")
	turnedAway   = counter("http_requests_refused_total", "Requests that were refused before they were served, by HTTP status.", "status")
	upstreamUp   = gauge("upstream_up", "1 while the upstream is connected.", "upstream")
	starts       = counter("upstream_connections_total", "How often the upstream was connected to.", "upstream")
	offered      = gauge("upstream_tools", "Tools of the upstream that are served.", "upstream")
	quarantined  = gauge("upstream_tools_quarantined", "Tools of the upstream that are kept out since they are not what was pinned.", "upstream")
	spansSent    = counter("trace_spans_exported_total", "Spans that were taken by the collector.")
	spansDropped = counter("trace_spans_dropped_total", "Spans that were lost since the collector did not take them in time.")
)

// sendServer sends what is not of the engine.
func (s *Source) sendServer(to chan<- prometheus.Metric) {
	build.send(to, 1, s.Build.Version, s.Build.Revision, s.Build.Go)
	if s.Draining != nil {
		draining.send(to, number(s.Draining()))
	}
	if s.LogDropped != nil {
		logLost.send(to, float64(s.LogDropped()))
	}
	s.sendStores(to)
	s.sendConnections(to)
	if s.Upstreams != nil {
		for _, status := range s.Upstreams() {
			sendUpstream(to, &status)
		}
	}
	if s.Traces != nil {
		t := s.Traces()
		spansSent.send(to, float64(t.Exported))
		spansDropped.send(to, float64(t.Dropped))
	}
}

func (s *Source) sendStores(to chan<- prometheus.Metric) {
	if s.History != nil {
		h := s.History()
		historyLost.send(to, float64(h.Dropped))
		historyWait.send(to, float64(h.Waiting))
		historyBad.send(to, number(h.Err != nil))
	}
	if s.Audit != nil {
		a := s.Audit()
		auditLost.send(to, float64(a.Dropped))
		auditFailed.send(to, float64(a.Failures))
		auditBad.send(to, number(a.Err != nil))
	}
}

func (s *Source) sendConnections(to chan<- prometheus.Metric) {
	if s.Connections == nil {
		return
	}
	c := s.Connections()
	connections.send(to, float64(c.Connections))
	accepted.send(to, float64(c.Accepted))
	for status, n := range c.Refused {
		turnedAway.send(to, float64(n), strconv.Itoa(status))
	}
}

func sendUpstream(to chan<- prometheus.Metric, s *upstream.Status) {
	upstreamUp.send(to, number(s.State == upstream.StateUp), s.Name)
	starts.send(to, float64(s.Starts), s.Name)
	offered.send(to, float64(s.Tools), s.Name)
	quarantined.send(to, float64(len(s.Quarantined)), s.Name)
}
