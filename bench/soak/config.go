package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A plan is what the config of the run says.
type plan struct {
	dir      string
	self     string // this program, which plays the roles
	fixture  string // a server of Go tools that panic and are stubborn
	endpoint string

	edition // the operator's
}

// An edition is what a reload may change.
type edition struct {
	version int    // in a description, so that the list of tools changes
	extra   bool   // whether there is one more tool
	slots   int    // of the tool named say
	level   string // of the log
}

// The callers of the run. Each has a file with its token.
var callers = []string{"sound", "unlucky", "fickle", "rude", "rotating", "operator"}

// tokenFile is where the token of a caller is.
func (p *plan) tokenFile(caller string) string { return filepath.Join(p.dir, caller+".token") }

// text writes the config.
func (p *plan) text() string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("name: soaked")
	say("listen: {address: 127.0.0.1:0, admin: 127.0.0.1:0, origins: [https://page.example], ping_interval: 5s}")
	say("log: {level: %s, format: json}", p.level)
	say("auth:\n  tokens:")
	for _, name := range callers {
		say("    - {name: %s, token_file: %q, admin: %v}", name, p.tokenFile(name), name == "operator")
	}
	say("engine:\n  concurrency: 32\n  queue: 256\n  queue_timeout: 15s\n  timeout: 10s")
	say("  breaker: {open: 500ms, max_open: 2s}\n  cache: {entries: 200, bytes: 1MiB}")
	say("  history: {path: %q, rows: 20000, size: 32MiB}", filepath.Join(p.dir, "history.db"))
	say("  audit: {path: %q, size: 4MiB, keep: 3}", filepath.Join(p.dir, "audit.jsonl"))
	say("tools:")
	p.programs(say)
	say("  - name: ask\n    description: Asks an endpoint.\n    http: {url: \"%s/echo\", query: {tag: \"{tag}\"}, allow: [127.0.0.1]}", p.endpoint)
	say("  - name: bad_ask\n    description: Asks an endpoint that misbehaves.\n    timeout: 2s\n    concurrency: 4\n    http: {url: \"%s/bad\", query: {tag: \"{tag}\", mode: \"{mode}\"}, allow: [127.0.0.1], retries: 1}", p.endpoint)
	say("upstreams:")
	say("  - {name: calm, prefix: calm_, command: [%q, role, mill], timeout: 10s}", p.self)
	say("  - {name: wild, prefix: wild_, command: [%q, role, mill], timeout: 2s, concurrency: 4}", p.self)
	say("  - {name: every, prefix: every_, command: [%q, stdio], timeout: 2s, concurrency: 4}", p.fixture)
	return b.String()
}

// programs writes the tools that are programs.
func (p *plan) programs(say func(format string, args ...any)) {
	tool := func(name, role string, more ...string) {
		say("  - name: %s\n    description: Plays %s, version %d.", name, role, p.version)
		say("    command: [%q, role, %s]", p.self, role)
		for _, line := range more {
			say("    %s", line)
		}
	}
	tool("say", "say, \"{tag}\"", fmt.Sprintf("concurrency: %d", p.slots))
	tool("kept", "say, \"{tag}\"", "cache: {ttl: 2s}")
	tool("steps", "steps, \"20\", \"{tag}\"")
	tool("big", "big, \"{tag}\"", "concurrency: 4")
	tool("noise", "noise, \"{tag}\"", "concurrency: 4")
	tool("crash", "crash, \"{tag}\"", "concurrency: 4")
	tool("flood", "flood, \"{tag}\"", "concurrency: 2", "limits: {output: 256KiB}")
	tool("hang", "hang, \"{tag}\"", "concurrency: 4", "timeout: 1s")
	tool("stubborn", "stubborn, \"{tag}\"", "concurrency: 4", "timeout: 1s")
	tool("leaver", "leaver, \"{tag}\"", "concurrency: 4")
	if p.extra {
		tool("extra", "say, \"{tag}\"")
	}
}

// write puts the config where the server reads it: in one step, or in two that another
// may see half of.
func (p *plan) write(inOneStep bool) error {
	if !inOneStep {
		return os.WriteFile(p.path(), []byte(p.text()), 0o600)
	}
	next := p.path() + ".next"
	if err := os.WriteFile(next, []byte(p.text()), 0o600); err != nil {
		return err
	}
	return os.Rename(next, p.path())
}

func (p *plan) path() string { return filepath.Join(p.dir, "sluice.yaml") }
