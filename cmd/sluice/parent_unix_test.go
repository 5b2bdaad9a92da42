//go:build unix

package main

import (
	"os/exec"
	"testing"
	"time"
)

// TestStdioEndsWithItsParent kills the process that started the program, whose streams
// stay open: the test holds their other ends.
func TestStdioEndsWithItsParent(t *testing.T) {
	t.Parallel()
	for name, args := range map[string]string{
		"stdio":   "stdio --config $1 --grace 100ms",
		"connect": "connect ws://127.0.0.1:1/mcp --wait 1h",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, tool := stubborn(t)
			p := startCommand(t, exec.Command("sh", "-c", "exec 3<&0; $0 "+args+" <&3 & wait", binary, config))
			if name == "stdio" {
				p.send(append(handshake, call(1, "stay", object{}))...)
				tool.next()
			} else {
				p.stderr.await(t, "not connected") // it knows its parent by then
			}
			if err := p.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			late := time.After(parentEvery + soon)
			for open := true; open; { // to the end of stdout, which the orphan has
				select {
				case _, open = <-p.lines:
				case <-late:
					t.Fatalf("it lives on; stderr:\n%s", p.stderr)
				}
			}
			if name == "stdio" {
				p.stderr.await(t, errOrphaned.Error())
				tool.wantGone()
			}
		})
	}
}
