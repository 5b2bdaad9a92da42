package main

import "fmt"

// A relation is a budget on the processor time per call of two results.
type relation struct {
	what         string
	of, to       string // comparisons
	server, peer string // whose: server's in of, to peer's in to
	limit        float64
	atLeast      bool
	toFloor      bool // the ratio is divided by the same of the floor
}

const (
	small = "stdio/64B"
	large = "stdio/64KiB"
	ws    = "websocket/64B"
)

// relations are the budgets that follow from the comparisons.
var relations = []relation{
	{what: "stdio, 64 B: to the async floor", of: small, server: sluice, peer: goFloor, limit: 3},
	{what: "stdio, 64 B: mcp-go to Sluice", of: small, server: mcpGo, peer: sluice, limit: 2.5, atLeast: true},
	{what: "stdio, 64 KiB: to the floor", of: large, server: sluice, peer: syncFloor, limit: 4},
	{what: "stdio, 64 KiB: mcp-go to Sluice", of: large, server: mcpGo, peer: sluice, limit: 10, atLeast: true},
	{what: "stdio, 64 KiB: go-sdk to Sluice", of: large, server: goSDK, peer: sluice, limit: 10, atLeast: true},
	{what: "WebSocket, 64 B: to its floor", of: ws, server: sluice, peer: wsFloor, limit: 1.6},
	{what: "64 connections to 1", of: connections(64), to: connections(1), server: sluice, peer: sluice, limit: flat},
	{what: "1 000 connections to 1", of: connections(1000), to: connections(1), server: sluice, peer: sluice, limit: flat},
	// The floor grows too, as the system has more sockets to go through.
	{what: "1 000 connections to 64, to the floor's", of: connections(1000), to: connections(64), server: sluice, peer: sluice, limit: flat, toFloor: true},
}

// flat is what a cost may grow by that should not grow: what two runs of the same
// differ by, and what the caches of a processor do.
const flat = 1.25

// relate works out the budgets whose results are there.
func relate(results []*result) (budgets []budget) {
	for _, r := range relations {
		if r.to == "" {
			r.to = r.of
		}
		a, b := find(results, r.of, r.server), find(results, r.to, r.peer)
		if a == nil || b == nil {
			continue
		}
		one := budget{what: "CPU per call, " + r.what, limit: r.limit, atLeast: r.atLeast, unit: times}
		one.value = ratio(a.values(cpuOf), b.values(cpuOf))
		one.note = fmt.Sprintf("%s to %s", microseconds(a.median(cpuOf)), microseconds(b.median(cpuOf)))
		budgets = append(budgets, one.beside(results, r))
	}
	return budgets
}

// beside notes what the same ratio is of the floor, where two comparisons are related.
func (b budget) beside(results []*result, r relation) budget {
	if r.of == r.to {
		return b
	}
	many, one := find(results, r.of, wsFloor), find(results, r.to, wsFloor)
	if many == nil || one == nil {
		return b
	}
	floor := ratio(many.values(cpuOf), one.values(cpuOf))
	if r.toFloor {
		b.note += fmt.Sprintf(", %s; the floor's grow to %s", times(b.value), times(floor))
		b.value /= floor
		return b
	}
	b.note += fmt.Sprintf("; the floor's grow to %s", times(floor))
	return b
}

func find(results []*result, comparison, server string) *result {
	for _, r := range results {
		if r.comparison.name == comparison && r.server == server {
			return r
		}
	}
	return nil
}
