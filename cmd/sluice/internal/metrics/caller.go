package metrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluice-dev/sluice/executor"
)

var (
	callerCalls   = counter("caller_calls_total", "Calls of a caller that have ended, by how: ok, tool_error or failed.", "caller", "outcome")
	callerRefused = counter("caller_refused_total", "Calls of a caller that were turned away without being started.", "caller")
	callerRunning = gauge("caller_calls_running", "Calls of a caller that run.", "caller")
	callerWaiting = gauge("caller_calls_waiting", "Calls of a caller that wait, whatever for.", "caller")
)

// callers returns the counts of callers by the labels that they have. A label that is no
// UTF-8, or two that are the same, would make the whole scrape fail.
func callers(m *executor.Metrics) map[string]*executor.Counts {
	others := m.OtherCallers
	labelled := map[string]*executor.Counts{other: &others}
	for name, counts := range m.Callers {
		label := strings.ToValidUTF8(name, "�")
		if same := labelled[label]; same != nil {
			same.Add(&counts)
			continue
		}
		labelled[label] = &counts
	}
	return labelled
}

func sendCaller(to chan<- prometheus.Metric, caller string, c *executor.Counts) {
	callerCalls.send(to, float64(c.Succeeded), caller, "ok")
	callerCalls.send(to, float64(c.ToolErrors), caller, "tool_error")
	callerCalls.send(to, float64(c.Calls-c.Succeeded-c.ToolErrors), caller, "failed")
	callerRefused.send(to, float64(c.Refused), caller)
	callerRunning.send(to, float64(c.Running), caller)
	callerWaiting.send(to, float64(c.Waiting), caller)
}
