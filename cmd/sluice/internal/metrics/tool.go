package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluice-dev/sluice/executor"
)

var (
	calls       = counter("calls_total", "Calls that have ended, by how: ok, tool_error, or the kind of the failure.", "tool", "outcome")
	refused     = counter("calls_refused_total", "Calls that were turned away without being started.", "tool")
	duration    = histogram("call_duration_seconds", "How long calls ran, from their slot to their end.", "tool")
	slotWait    = histogram("call_wait_seconds", "How long calls that were started had waited for that.", "tool")
	running     = gauge("calls_running", "Calls that have a slot, abandoned ones included.", "tool")
	waiting     = gauge("calls_waiting", "Calls that wait for a slot.", "tool")
	abandoned   = gauge("handlers_abandoned", "Handlers that still run although their callers are answered.", "tool")
	abandonings = counter("handler_abandonments_total", "Handlers that were answered without since they did not stop.", "tool")
	cached      = counter("cache_requests_total", "Calls of tools with a cache, by what that had: hit, miss, or coalesced with an identical call.", "tool", "result")
	breaker     = gauge("breaker_state", "State of the circuit breaker: 1 for the one that it is in.", "tool", "state")
	opened      = counter("breaker_opened_total", "How often the circuit breaker has opened.", "tool")
	adaptive    = gauge("adaptive_timeout_seconds", "Timeout of tools whose timeout adapts.", "tool")
	cpu         = counter("subprocess_cpu_seconds_total", "Processor time that the programs of calls have used.", "tool")
	peak        = gauge("subprocess_peak_memory_bytes", "Most memory that the programs of one call had resident.", "tool")
)

var states = []executor.BreakerState{executor.BreakerClosed, executor.BreakerOpen, executor.BreakerHalfOpen}

// bounds are those of the buckets: half a millisecond to two minutes, doubling, at values
// that the engine's own buckets meet.
var bounds = func() (list []time.Duration) {
	for us := 1 << 9; us <= 1<<27; us <<= 1 {
		list = append(list, time.Duration(us)*time.Microsecond)
	}
	return list
}()

// sendTool sends the counts of one tool. What is zero is sent as well, so that rates have
// a beginning.
func sendTool(to chan<- prometheus.Metric, tool string, c *executor.Counts) {
	calls.send(to, float64(c.Succeeded), tool, "ok")
	calls.send(to, float64(c.ToolErrors), tool, "tool_error")
	for kind, n := range c.Failed {
		calls.send(to, float64(n), tool, string(kind))
	}
	refused.send(to, float64(c.Refused), tool)
	duration.sendDurations(to, &c.Run, tool)
	slotWait.sendDurations(to, &c.Wait, tool)
	running.send(to, float64(c.Running), tool)
	waiting.send(to, float64(c.Waiting), tool)
	abandoned.send(to, float64(c.Abandoned), tool)
	abandonings.send(to, float64(c.AbandonedEver), tool)
	cached.send(to, float64(c.CacheHits), tool, "hit")
	cached.send(to, float64(c.CacheMisses), tool, "miss")
	cached.send(to, float64(c.Coalesced), tool, "coalesced")
	opened.send(to, float64(c.Breaker.Opened), tool)
	cpu.send(to, c.CPU.Seconds(), tool)
	peak.send(to, float64(c.PeakMemory), tool)
	if tool == other {
		return // states do not add up
	}
	for _, state := range states {
		breaker.send(to, number(stateOf(c) == state), tool, string(state))
	}
	if c.Adaptive != nil {
		adaptive.send(to, c.Adaptive.Cap.Seconds(), tool)
	}
}

// stateOf returns the state of a tool's breaker; one that was never asked lets all through.
func stateOf(c *executor.Counts) executor.BreakerState {
	if c.Breaker.State == "" {
		return executor.BreakerClosed
	}
	return c.Breaker.State
}

// sendDurations sends a histogram.
func (f family) sendDurations(to chan<- prometheus.Metric, d *executor.Durations, tool string) {
	buckets := map[float64]uint64{}
	for i, n := range d.Below(bounds...) {
		buckets[bounds[i].Seconds()] = n
	}
	to <- prometheus.MustNewConstHistogram(f.desc, d.Count, d.Sum.Seconds(), buckets, tool)
}
