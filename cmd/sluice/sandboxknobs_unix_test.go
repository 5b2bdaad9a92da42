//go:build unix

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/command"
)

// sandboxKnobs has a test for each key on how programs are contained that shows it bite,
// where the machine has the layer.
var sandboxKnobs = map[string]func(*testing.T){
	"Tool.allow_dash": says(tool("command: [echo, '{a}'], allow_dash: [a]"), `{"a":"-x"}`, "-x"),
	"Tool.pattern":    failsWith(tool("command: [echo, '{a}'], pattern: {a: '[a-z]+'}"), `{"a":"x1"}`, "must match"),
	"Tool.sandbox":    takes(command.LayerPrivileges, says(tool(`command: [grep, -c, "NoNewPrivs:.1", /proc/self/status]`), "", "1"), failsWith(tool(`command: [grep, -c, "NoNewPrivs:.1", /proc/self/status], sandbox: off`), "", "exit code 1")),
	"Tool.network":    takes(command.LayerNetwork, failsWith(tool(`command: [sh, -c, "grep -q lo: /proc/net/dev && wc -l < /proc/net/route; exit 7"], network: none`), "", "exit code 7")),
	"Tool.read":       takes(command.LayerFiles, failsWith(tool(`command: [cat, "{path}"], read: [/nothing]`), "", "ermission denied")),
	"Tool.write":      takes(command.LayerFiles, failsWith(tool(`command: [cp, /etc/hosts, "{path}"], write: [/nothing]`), "", "ermission denied")),

	"Limits.cpu":           takes(command.LayerWatch, failsWith(tool(`command: [sh, -c, "while :; do :; done"], limits: {cpu: 100ms}`), "", "limit of 100ms")),
	"Limits.cpus":          refusedWithout(command.LayerCPUs, "limits: {cpus: 0.5}"),
	"Limits.memory":        takes(command.LayerWatch, failsWith(tool(`command: [sh, -c, "head -c 300000000 /dev/zero | tail -c 300000000 | sleep 9"], limits: {memory: 64MiB}`), "", "limit of 67108864 bytes")),
	"Limits.address_space": takes(command.LayerWatch, says(tool(`command: [sh, -c, "sleep 0.2; ulimit -v"], limits: {address_space: 8GiB}`), "", "8388608")),
	"Limits.processes":     takes(command.LayerWatch, failsWith(tool(`command: [sh, -c, "for i in 1 2 3 4 5 6 7 8 9; do sleep 9 & done; wait"], limits: {processes: 4}`), "", "limit of 4")),
	"Limits.files":         takes(command.LayerLimits, says(tool(`command: [sh, -c, "ulimit -n"], limits: {files: 40}`), "", "40")),
	"Limits.file_size":     takes(command.LayerLimits, failsWith(tool(`command: [cp, /bin/sh, "{path}"], limits: {file_size: 1KiB}`), "", "limit of 1024 bytes")),
}

// failsWith calls the tool with a path of its own beside the arguments, and fails the test
// unless what it is told has want in it.
func failsWith(yaml, arguments, want string) func(*testing.T) {
	return func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		with := arguments // and not changed: the test may run again
		if with == "" && strings.Contains(yaml, "{path}") {
			with = `{"path":"` + path + `"}`
		}
		result, err := use(t, yaml, with)
		if err != nil {
			t.Fatal(err)
		}
		if text := result.Content[0].(tools.Text).Text; !result.IsError || !strings.Contains(text, want) {
			t.Errorf("got %q (error: %v), want %q", text, result.IsError, want)
		}
	}
}

// takes skips tests where the machine lacks a layer.
func takes(layer string, bites ...func(*testing.T)) func(*testing.T) {
	return func(t *testing.T) {
		for _, l := range command.Layers() {
			if l.Name == layer && !l.InForce {
				t.Skip(layer, ": ", l.Detail)
			}
		}
		for _, bite := range bites {
			bite(t)
		}
	}
}

// refusedWithout fails the test unless a tool that insists on a layer is refused where
// there is none.
func refusedWithout(layer, keys string) func(*testing.T) {
	return func(t *testing.T) {
		cfg, err := config.Parse("sluice.yaml", []byte(tool("command: [ls], sandbox: require, "+keys)))
		if err != nil {
			t.Fatal(err)
		}
		inForce := false
		for _, l := range command.Layers() {
			inForce = inForce || l.Name == layer && l.InForce
		}
		if _, err := newTool(&cfg.Tools[0], nil); !inForce && !errors.Is(err, command.ErrSandbox) {
			t.Errorf("got %v", err)
		}
	}
}

func TestSandboxKnobs(t *testing.T) {
	t.Parallel()
	for name, bites := range sandboxKnobs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bites(t)
		})
	}
}
