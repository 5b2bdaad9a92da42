package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// The ways to a server of a peer: alone, and behind Sluice.
const (
	direct      = "mcp-go, direct"
	withoutCare = "behind Sluice, policies off"
	withCare    = "behind Sluice, everything on"
)

// bareConfig has Sluice pass calls on and do no more than that; fullConfig has it hold
// them to every limit and write each down. The cache is left out of it: it would answer in
// the server's place.
const (
	bareConfig = `engine:
  {history: off, breaker: off, repeat_failures: off, timeout: off, queue_timeout: off, queue_bytes: off,
   in_flight_bytes: off, heartbeat: off, result: off}
upstreams: [{name: peer, command: [%q]}]
`
	fullConfig = `engine:
  {timeout: 30s, idle_timeout: 20s, rate: 1000000/s, caller_rate: 1000000/s, rate_wait: 1s, audit: {path: audit.jsonl}}
upstreams: [{name: peer, command: [%q], concurrency: 32, rate: 1000000/s, caller_rate: 1000000/s}]
`
)

// proxied returns the peer's server three times: as it is, and behind Sluice.
func proxied(dir string, sluice, peer program) ([]server, error) {
	bare, err := writeConfig(dir, "bare.yaml", bareConfig, peer)
	full, fullErr := writeConfig(dir, "full.yaml", fullConfig, peer)
	return []server{
		peer.serves(direct),
		sluice.serves(withoutCare, "stdio", "--config", bare).atHome().filledLater(),
		sluice.serves(withCare, "stdio", "--config", full).atHome().filledLater(),
	}, cmp.Or(err, fullErr)
}

func writeConfig(dir, name, text string, peer program) (path string, err error) {
	path = filepath.Join(dir, name)
	return path, os.WriteFile(path, fmt.Appendf(nil, text, filepath.ToSlash(peer.path)), 0o600)
}

// awaitTools returns when a server has its tools, which come when those it is in front of
// have started.
func awaitTools(l link) error {
	var err error
	for id, begun := 1, time.Now(); time.Since(begun) < patience; id++ {
		if err = call(l, echo(64), id); err == nil {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("the server has no tools: %w", err)
}
