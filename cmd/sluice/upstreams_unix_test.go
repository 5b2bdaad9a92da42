//go:build unix

package main

import (
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An upstream that hangs delays nobody: what the server is and which tools it has is
// answered at once, and the tools of another come with a notification.
func TestUpstreamsDelayNobody(t *testing.T) {
	t.Parallel()
	gate := t.TempDir() + "/gate"
	file := writeFile(t, "engine: {history: off}\ntools: [{name: own, command: ['true']}]\nupstreams:\n"+
		"  - {name: hangs, command: [sleep, '600']}\n"+
		"  - {name: slow, command: [sh, -c, 'while [ ! -e "+gate+" ]; do sleep 0.01; done; exec "+binary+" stdio'], prefix: s_}\n")
	p := start(t, "stdio", "--config", file)
	begun := time.Now()
	p.send(`{"jsonrpc":"2.0","id":"d","method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`)
	p.until(`"id":"d","result"`)
	p.send(handshake...)
	p.send(`{"jsonrpc":"2.0","id":"l","method":"tools/list"}`)
	if line := p.until(`"id":"l"`); !strings.Contains(line, `"own"`) || strings.Contains(line, `"s_echo"`) {
		t.Errorf("listed are %s", line)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	rewrite(t, gate, "")
	p.until(`notifications/tools/list_changed`)
	p.send(`{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"s_echo","arguments":{"text":"here"}}}`)
	if line := p.until(`"id":"c"`); !strings.Contains(line, `"here"`) {
		t.Errorf("got %s", line)
	}
	p.stdin.Close()
	p.wantExit(exitOK)
}

// A crash cuts off the calls in flight, which say whose it was, and nothing else; the
// server is started again. It is gone when this process is, even where that is killed.
func TestUpstreamCrashes(t *testing.T) {
	t.Parallel()
	shaky := newTether(t)
	file := writeFile(t, "engine: {history: off}\ntools: [{name: own, command: [echo, fine]}]\nupstreams:\n"+
		"  - {name: shaky, command: [sh, -c, '"+shaky.hold()+"echo $$ >&9; exec "+binary+" stdio'], breaker: off}\n")
	p := start(t, "stdio", "--config", file)
	p.send(handshake...)
	p.stderr.await(t, "the server is up") // its tools are listed by then
	p.send(`{"jsonrpc":"2.0","id":"long","method":"tools/call","params":{"name":"countdown","arguments":{"from":600,"interval_ms":50},"_meta":{"progressToken":1}}}`)
	p.until(`"progressToken":1`)
	pid, err := strconv.Atoi(shaky.next())
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if line := p.until(`"id":"long"`); !strings.Contains(line, `MCP server \"shaky\" has ended`) || !strings.Contains(line, `"isError":true`) {
		t.Errorf("got %s", line)
	}
	p.send(`{"jsonrpc":"2.0","id":"own","method":"tools/call","params":{"name":"own","arguments":{}}}`)
	if line := p.until(`"id":"own"`); !strings.Contains(line, "fine") {
		t.Errorf("another tool: %s", line)
	}
	p.stderr.awaitTimes(t, "the server is up", 2)
	p.send(`{"jsonrpc":"2.0","id":"again","method":"tools/call","params":{"name":"echo","arguments":{"text":"back"}}}`)
	if line := p.until(`"id":"again"`); !strings.Contains(line, `"text":"back"`) {
		t.Errorf("got %s", line)
	}
	_ = p.cmd.Process.Kill()
	shaky.wantGone()
}

// A second signal ends servers at once that heed neither the end of stdin nor SIGTERM.
func TestSecondSignalEndsUpstreams(t *testing.T) {
	t.Parallel()
	server := newTether(t)
	file := writeFile(t, "engine: {history: off}\nupstreams:\n  - {name: stubborn, command: [sh, -c, '"+server.hold()+"trap \"\" TERM; echo runs >&9; while :; do sleep 0.1; done']}\n")
	p := start(t, "serve", "--listen", "127.0.0.1:0", "--config", file)
	p.until("/healthz")
	server.next()
	p.signal(syscall.SIGTERM)
	p.stderr.await(t, "draining")
	p.signal(syscall.SIGTERM)
	begun := time.Now()
	p.wantExit(exitFailure)
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	server.wantGone()
}

// Commands that list or call wait for the servers, and do without one that hangs.
func TestToolsWaitForUpstreams(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "engine: {history: off}\nupstreams:\n"+
		"  - {name: hangs, command: [sleep, '600'], start_timeout: 300ms}\n"+
		"  - {name: slow, command: [sh, -c, 'sleep 0.2; exec "+binary+" stdio'], prefix: s_}\n")
	if code, out, errOut := runCommand(t, "tools", "--config", file); code != exitOK || !strings.Contains(out, "s_echo") || !strings.Contains(errOut, "upstream=hangs") {
		t.Errorf("got %d\n%s%s", code, out, errOut)
	}
	if code, out, errOut := runCommand(t, "call", "s_echo", "text=through", "--config", file); code != exitOK || out != "through\n" {
		t.Errorf("got %d\n%s%s", code, out, errOut)
	}
}
