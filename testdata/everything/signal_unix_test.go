//go:build unix

package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The first signal lets calls go on, the second does not.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0], "stdio")
	cmd.Env = append(os.Environ(), "EVERYTHING_TEST_SERVER=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	_, err = io.WriteString(stdin, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"sleep","arguments":{"ms":60000,"steps":60000},"_meta":{"progressToken":1}}}
`)
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(stdout); lines.Scan() && !strings.Contains(lines.Text(), "step 1 of"); {
	}
	go io.Copy(io.Discard, stdout)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	first, ended := time.Now(), make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			if took := time.Since(first); err == nil || !strings.Contains(err.Error(), "signal: terminated") || took > grace/2 {
				t.Errorf("it ended after %v: %v", took, err)
			}
			return
		case <-time.After(10 * time.Millisecond): // two signals in a row may be taken for one
			_ = cmd.Process.Signal(syscall.SIGTERM) // fails once it has ended
		}
	}
}
