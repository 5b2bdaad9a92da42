//go:build unix

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestUnderSystemd has the test be the service manager: it passes sockets on, hears how
// the service is, and stops it.
func TestUnderSystemd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	heard, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer heard.Close()
	config := filepath.Join(dir, "sluice.yaml")
	yaml := "engine: {history: off}\nlisten: {address: 'systemd:mcp', admin: 'systemd:probes'}\nauth: {tokens: [{name: t, token_env: T}]}\ntools: [{name: x, command: ['true']}]\n"
	if err := os.WriteFile(config, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	// LISTEN_PID has to be that of the process, which its own shell knows.
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0" serve --config "$1"`, binary, config)
	cmd.Env = append(os.Environ(), "LISTEN_FDS=2", "LISTEN_FDNAMES=probes:mcp", "NOTIFY_SOCKET="+filepath.Join(dir, "notify"),
		"WATCHDOG_USEC=100000", "T=canary-systemd-0123456789")
	var addresses []string
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		file, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		addresses, cmd.ExtraFiles = append(addresses, l.Addr().String()), append(cmd.ExtraFiles, file)
		l.Close()
	}
	p := startCommand(t, cmd)
	for _, f := range cmd.ExtraFiles {
		f.Close()
	}
	states := newRecord()
	go func() {
		b := make([]byte, 1000)
		for {
			n, err := heard.Read(b)
			if err != nil {
				return
			}
			fmt.Fprintf(states, "%s\n", b[:n])
		}
	}()
	states.await(t, "READY=1\nSTATUS=1 tool served\n")
	states.await(t, "WATCHDOG=1")
	if status, _ := get(t, "http://"+addresses[0]+"/readyz"); status != 200 {
		t.Errorf("/readyz says %d", status)
	}
	p.stderr.await(t, "ws://"+addresses[1]+"/mcp")
	if err := os.WriteFile(config, []byte(strings.Replace(yaml, "]\n", "]\n\n", 1)+"  # changed\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	states.await(t, "RELOADING=1\nMONOTONIC_USEC=")
	p.signal(syscall.SIGTERM)
	states.await(t, "STOPPING=1\nSTATUS=draining: 0 calls in flight\n")
	p.wantExit(exitOK)
}

func TestNoSocketOfSystemd(t *testing.T) {
	t.Parallel()
	started := time.Now()
	token := writeFile(t, "canary-systemd-0123456789")
	p := start(t, "serve", "--listen", "systemd:mcp", "--token-file", token)
	p.wantExit(exitFailure)
	if !strings.Contains(p.stderr.String(), "systemd has passed no socket on to this process") || !strings.Contains(p.stderr.String(), "FileDescriptorName=") {
		t.Errorf("after %v:\n%s", time.Since(started), p.stderr)
	}
	for address, want := range map[string]string{"systemd:": "does not name a socket", "systemd:mcp": "not served without a token of yours"} {
		p := start(t, "serve", "--listen", address)
		p.wantExit(exitUsage)
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("%s:\n%s", address, p.stderr)
		}
	}
}
