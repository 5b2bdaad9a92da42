//go:build unix

package sluice

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

var fence = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// blocks returns the code blocks of the README in a language.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
		if m[1] == language {
			found = append(found, m[2])
		}
	}
	if len(found) == 0 {
		t.Fatalf("the README has no %s block", language)
	}
	return found
}

// TestREADMECommands runs the commands of the README as they are written: the two
// that begin it, and those on the sluice.yaml that it shows.
func TestREADMECommands(t *testing.T) {
	bin := t.TempDir()
	env := append(os.Environ(), "GOBIN="+bin, "PATH="+bin+":"+os.Getenv("PATH"), "HOME="+t.TempDir(),
		"GOCACHE="+goEnv(t, "GOCACHE"), "GOMODCACHE="+goEnv(t, "GOMODCACHE"))
	shell := func(command string) *exec.Cmd {
		cmd := exec.Command("sh", "-ec", command)
		cmd.Env = env
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		return cmd
	}
	config := filepath.Join(t.TempDir(), "sluice.yaml")
	if err := os.WriteFile(config, []byte(blocks(t, "yaml")[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	scripts := blocks(t, "sh")
	want := map[string]string{ // what the output has to hold
		"go run ./cmd/sluice call": "Counted down from 5.",
		"sluice check":             "word_count",
		"sluice call":              "README.md",
	}
	if taken, err := net.Listen("tcp", "127.0.0.1:7777"); err != nil {
		t.Skip("the commands can be run as written only where their port is free:", err)
	} else {
		_ = taken.Close()
	}
	stop := serveREADME(t, shell(scripts[0]))
	defer stop()
	for _, script := range scripts[1:] {
		for command := range strings.Lines(script) {
			command = strings.TrimSpace(command)
			if command == "go test ./..." || strings.HasPrefix(command, "sluice serve") {
				continue // this test, and a port that is taken
			}
			out, err := shell(strings.Replace(command, "sluice.yaml", config, 1)).CombinedOutput()
			if err != nil {
				t.Fatalf("%s: %v\n%s", command, err, out)
			}
			for prefix, part := range want {
				if strings.HasPrefix(command, prefix) {
					delete(want, prefix)
					if !strings.Contains(string(out), part) {
						t.Errorf("%s: no %q in\n%s", command, part, out)
					}
				}
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("the README no longer has %v", want)
	}
}

// serveREADME starts the server and waits until it serves.
func serveREADME(t *testing.T, cmd *exec.Cmd) (stop func()) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(5*time.Minute, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); err != nil || !strings.HasPrefix(line, "Serving ") {
		t.Fatalf("the server says %q, %v", line, err)
	}
	return func() {
		late.Stop()
		syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		io.Copy(io.Discard, lines)
		cmd.Wait()
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// TestREADMEGo holds the Go code of the README to the Example, which is compiled and
// run.
func TestREADMEGo(t *testing.T) {
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	flat := strings.ReplaceAll(string(source), "\n\t", "\n")
	for _, block := range blocks(t, "go") {
		if !strings.Contains(flat, block) {
			t.Errorf("not in the Example:\n%s", block)
		}
	}
}

func TestREADMEDesktopEntry(t *testing.T) {
	var entry struct {
		MCPServers map[string]struct {
			Command string
			Args    []string
		}
	}
	if err := json.Unmarshal([]byte(blocks(t, "json")[0]), &entry); err != nil {
		t.Fatal(err)
	}
	if server := entry.MCPServers["my-tools"]; !filepath.IsAbs(server.Command) || server.Args[0] != "stdio" {
		t.Errorf("the entry is %+v", server)
	}
}
