package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluice-dev/sluice/executor"
)

var (
	slots        = gauge("queue_slots", "Calls that may run at once.")
	slotsUsed    = gauge("queue_slots_used", "Slots that are taken.")
	room         = gauge("queue_room", "Calls that may wait for a slot.")
	depth        = gauge("queue_waiting", "Calls that wait for a slot, by their class.", "priority")
	waitingBytes = gauge("queue_waiting_bytes", "Size of the arguments of calls that wait for a slot.")
	expected     = gauge("queue_expected_wait_seconds", "How long the next call of a caller with none waiting would wait for a slot, by its class.", "priority")
	refusals     = counter("refusals_total", "Calls that were refused, by why.", "reason")
	inFlight     = gauge("calls_in_flight", "Calls that wait, run, or were abandoned.")
	inFlightSize = gauge("calls_in_flight_bytes", "Size of the arguments of the calls in flight.")
	kept         = gauge("cache_entries", "Results that the cache keeps.")
	keptBytes    = gauge("cache_bytes", "Memory that the results in the cache take, roughly.")
)

func sendQueue(to chan<- prometheus.Metric, m *executor.Metrics) {
	q := &m.Queue
	slots.send(to, float64(q.Concurrency))
	slotsUsed.send(to, float64(q.Running))
	room.send(to, float64(q.Room))
	waitingBytes.send(to, float64(q.WaitingBytes))
	for priority, class := range q.Classes {
		depth.send(to, float64(class.Waiting), priority.String())
		expected.send(to, class.ExpectedWait.Seconds(), priority.String())
	}
	kept.send(to, float64(m.CacheEntries))
	keptBytes.send(to, float64(m.CacheBytes))
}

func sendInFlight(to chan<- prometheus.Metric, m *executor.Metrics) {
	inFlight.send(to, float64(m.InFlight.Calls))
	inFlightSize.send(to, float64(m.InFlight.Bytes))
}

// refusing are the kinds of failure that are refusals and have no reason beyond. Those of
// the queue and of what is in flight are told apart further.
var refusing = []executor.Kind{
	executor.KindShuttingDown, executor.KindMemoryPressure, executor.KindUnaudited, executor.KindUnknownTool,
	executor.KindForbidden, executor.KindInvalidArguments, executor.KindVetoed, executor.KindRateLimited,
	executor.KindCircuitOpen, executor.KindRepeatedFailure,
}

func sendRefusals(to chan<- prometheus.Metric, m *executor.Metrics) {
	for _, kind := range refusing {
		refusals.send(to, float64(m.Total.Failed[kind]), string(kind))
	}
	for reason, n := range map[string]uint64{
		"queue_full": m.Queue.RefusedFull, "queue_bytes": m.Queue.RefusedBytes,
		"queue_deadline": m.Queue.RefusedDeadline, "queue_timeout": m.Queue.TimedOut,
		"queue_share":     m.Queue.RefusedShare,
		"cache_waiting":   m.CacheRefused,
		"in_flight_bytes": m.InFlight.RefusedBytes,
	} {
		refusals.send(to, float64(n), reason)
	}
}
