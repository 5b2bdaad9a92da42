//go:build unix

package main

import (
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// legacyScript is a legacy server in a line of shell. It ends when it is sent
// anything before initialize, as some do.
const legacyScript = `echo started >&2
hello=
while read -r line; do
  id=${line#*\"id\":}; id=${id%%,*}
  case $line in
  *'"initialize"'*) hello=1; echo '{"jsonrpc":"2.0","id":'$id',"result":{"protocolVersion":"2024-11-05","capabilities":{},"serverInfo":{"name":"sh","version":"1"}}}';;
  *'"tools/list"'*) echo '{"jsonrpc":"2.0","id":'$id',"result":{"tools":[{"name":"greet","inputSchema":{"type":"object"}}]}}';;
  *'"tools/call"'*) echo '{"jsonrpc":"2.0","id":'$id',"error":{"code":-32602,"message":"bad\u001b[31m"}}';;
  *) [ "$hello" ] || exit 7;;
  esac
done`

func TestChildOfALegacyKind(t *testing.T) {
	t.Parallel()
	code, out, errOut := runCommand(t, "tools", "--", "sh", "-c", legacyScript)
	if code != exitOK || !strings.Contains(out, "greet") || errOut != "started\nstarted\n" {
		t.Errorf("got %d\n%s\n%s", code, out, errOut)
	}
	code, out, errOut = runCommand(t, "call", "greet", "--quiet", "--", "sh", "-c", legacyScript)
	if code != exitUsage || out != "" || errOut != "sluice: bad␛[31m (code -32602)\nhint: `sluice tools greet` shows what it takes\n" {
		t.Errorf("got %d\n%s\n%s", code, out, errOut)
	}
}

func TestChildThatIsNoServer(t *testing.T) {
	t.Parallel()
	code, _, errOut := runCommand(t, "tools", "--", "sh", "-c", "echo oops >&2; exit 3")
	if code != exitConnect || !strings.Contains(errOut, "oops\n") || !strings.Contains(errOut, "sh ended (exit status 3)") {
		t.Errorf("got %d\n%s", code, errOut)
	}
}

// A server that has answered may have something to finish when its stdin is closed.
func TestChildHasTimeToEnd(t *testing.T) {
	t.Parallel()
	code, out, errOut := runCommand(t, "tools", "--", "sh", "-c", legacyScript+"; sleep 0.5; echo bye >&2")
	if code != exitOK || !strings.Contains(out, "greet") || !strings.HasSuffix(errOut, "bye\n") {
		t.Errorf("got %d\n%s\n%s", code, out, errOut)
	}
}

func TestChildIsASluice(t *testing.T) {
	t.Parallel()
	code, out, errOut := runCommand(t, "call", "countdown", "from=1", "interval_ms=0", "--", binary, "stdio")
	if code != exitOK || out != "Counted down from 1.\n" || !strings.Contains(errOut, "progress 1/1 0 left\n") {
		t.Errorf("got %d\n%s\n%s", code, out, errOut)
	}
}

// TestInterruptOfTheProgram presses Ctrl-C on the real thing: the call is cancelled
// on the server, which lives on.
func TestInterruptOfTheProgram(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := start(t, "call", "countdown", "from=600", "interval_ms=50", "--url", s.url)
	p.stderr.await(t, "progress 1/600")
	p.signal(syscall.SIGINT)
	if rest := p.wantExit(exitInterrupted); len(rest) > 0 || !strings.HasSuffix(p.stderr.String(), "cancelled the call on the server\n") {
		t.Errorf("%q and:\n%s", rest, p.stderr)
	}
	again := start(t, "call", "echo", "text=still there", "--url", s.url)
	if rest := again.wantExit(exitOK); fmt.Sprint(rest) != "[still there]" {
		t.Errorf("got %q", rest)
	}
}

// The first Ctrl-C waits for a child to end, the second does not.
func TestSecondInterruptEndsAtOnce(t *testing.T) {
	t.Parallel()
	child := newTether(t)
	script := child.hold() + `trap '' TERM; while read -r line; do case $line in
*discover*) echo '{"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2026-07-28"]}}';;
*list*) echo '{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"t","inputSchema":{"type":"object"}}]}}';;
*call*) echo called >&2;;
esac; done; echo closed >&9; while :; do sleep 0.05; done`
	p := start(t, "call", "t", "--", "sh", "-c", script)
	p.stderr.await(t, "called")
	p.signal(syscall.SIGINT)
	child.next() // its stdin is closed
	second := time.Now()
	p.signal(syscall.SIGINT)
	p.wantExit(exitInterrupted)
	if took := time.Since(second); took > graceOfChildren {
		t.Errorf("it took %v", took)
	}
	child.wantGone()
}

// A program of a config's that ignores SIGTERM is answered without, and must yet be
// gone when the command that ran it has ended.
func TestProgramDoesNotOutliveTheCommand(t *testing.T) {
	t.Parallel()
	program := newTether(t)
	file := writeFile(t, `
tools:
  - name: stuck
    description: Ignores SIGTERM.
    command: [sh, -c, "`+program.hold()+`trap '' TERM; sleep 600"]
    timeout: 200ms
`)
	out, err := exec.Command(binary, "call", "--config", file, "stuck").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "longer than its time limit") {
		t.Errorf("%v\n%s", err, out)
	}
	program.wantGone()
}
