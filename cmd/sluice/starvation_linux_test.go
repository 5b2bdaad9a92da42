package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestOneProcessor has a server and eight programs that never rest share one processor
// (FAULTS row 54): pings, heartbeats and cancellations get through all the same.
func TestOneProcessor(t *testing.T) {
	t.Parallel()
	const busy = 8
	programs := newTether(t)
	config := writeFile(t, fmt.Sprintf("engine: {concurrency: %d, heartbeat: 200ms, history: off}\ntools: [{name: burn, command: [sh, -c, %q], timeout: 1h}]\n",
		busy, programs.hold()+"while :; do :; done"))
	cmd := exec.Command(binary, "stdio", "--config", config, "--grace", "10ms")
	if pin, err := exec.LookPath("taskset"); err == nil { // the programs too
		cmd = exec.Command(pin, append([]string{"-c", "0", cmd.Path}, cmd.Args[1:]...)...)
	}
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	p := startCommand(t, cmd)
	p.send(handshake...)
	for id := range busy {
		p.send(call(id+1, "burn", object{}))
	}
	beats := map[string]bool{} // by the token of their call
	for len(beats) < busy {
		line := p.until(`"notifications/progress"`)
		if strings.Contains(line, "still running") {
			_, token, _ := strings.Cut(line, `"progressToken":`)
			beats[token[:1]] = true
		}
	}
	worst := time.Duration(0)
	for i := range 20 {
		asked := time.Now()
		p.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":"p%d","method":"ping"}`, i))
		p.until(fmt.Sprintf(`"id":"p%d"`, i))
		worst = max(worst, time.Since(asked))
	}
	t.Logf("the slowest ping took %v", worst)
	if worst > soon/3 {
		t.Errorf("a ping took %v", worst)
	}
	for id := range busy {
		p.send(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}`, id+1))
	}
	programs.wantGone()
	p.stdin.Close()
	p.wantExit(exitOK)
}
