package main

import (
	"strings"
	"testing"
	"time"
)

type object map[string]any

func TestStdioAnswersRunningCallsAfterTheEndOfInput(t *testing.T) {
	t.Parallel()
	p := start(t, "stdio")
	p.send(handshake...)
	p.send(call(1, "countdown", object{"from": 3, "interval_ms": 50}), call(2, "echo", object{"text": "last words"}))
	p.stdin.Close()
	out := strings.Join(p.wantExit(exitOK), "\n")
	for _, want := range []string{"Counted down from 3.", "last words", `"progress":3`} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}

func TestStdioCancelsCallsThatOutlastTheGrace(t *testing.T) {
	t.Parallel()
	p := start(t, "stdio")
	p.send(handshake...)
	p.send(call(1, "countdown", object{"from": 600, "interval_ms": 1000}))
	p.until(`"progress":1`)
	p.stdin.Close()
	closed := time.Now()
	p.wantExit(exitOK)
	if took := time.Since(closed); took < defaultGrace-time.Second || took > defaultGrace+5*time.Second {
		t.Errorf("it took %v to end, the grace is %v", took, defaultGrace)
	}
}

func TestStdioKeepsStdoutForMessages(t *testing.T) {
	t.Parallel()
	p := start(t, "stdio", "--log-level", "debug")
	p.send(append(handshake, "no message at all", call(1, "nosuch", object{}))...)
	p.stdin.Close()
	for _, line := range p.wantExit(exitOK) {
		if !strings.HasPrefix(line, `{"jsonrpc":"2.0"`) {
			t.Errorf("on stdout: %s", line)
		}
	}
}

func TestStdioTwiceAtOnce(t *testing.T) {
	t.Parallel()
	path := writeFile(t, "tools: [{name: greet, command: [echo, hi]}]")
	first, second := start(t, "stdio", "--config", path), start(t, "stdio", "--config", path)
	for _, p := range []*process{first, second} {
		p.send(append(handshake, call(1, "greet", object{}))...)
		p.until(`"text":"hi`)
	}
	for _, p := range []*process{first, second} {
		p.stdin.Close()
		p.wantExit(exitOK)
	}
}

func TestStdioRefusesAnInvalidConfig(t *testing.T) {
	t.Parallel()
	p := start(t, "stdio", "--config", writeFile(t, "tools: [{nam: a}]"))
	if out := p.wantExit(exitUsage); len(out) > 0 {
		t.Errorf("on stdout: %q", out)
	}
	for _, want := range []string{`unknown key "nam" in tools[0]`, `did you mean "name"?`, "hint: `sluice schema`"} {
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("no %q in:\n%s", want, p.stderr)
		}
	}
}

func TestStdioLeavesOutAToolLoudly(t *testing.T) {
	t.Parallel()
	p := start(t, "stdio", "--config", writeFile(t, `tools:
  - {name: good, command: [echo, hi]}
  - {name: bad_schema, command: [echo], input: {type: strin}}
  - {name: bad_spec, command: [echo, "{x}"], input: {type: object}}
`))
	p.send(append(handshake, `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)...)
	if list := p.until(`"id":1`); !strings.Contains(list, `"good"`) || strings.Contains(list, "bad_") {
		t.Errorf("the list is %s", list)
	}
	p.stdin.Close()
	p.wantExit(exitOK)
	for _, want := range []string{"level=ERROR", "a tool is left out", "line=3", "line=4"} {
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("no %q in:\n%s", want, p.stderr)
		}
	}
}
