//go:build unix

package main

import (
	"encoding/json"
	"log/slog"
	"os/exec"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/tools/command"
)

// TestDoctor asks the real program, of which this machine is as true as of the tests.
func TestDoctor(t *testing.T) {
	t.Parallel()
	text, err := exec.Command(binary, "doctor").Output()
	if err != nil {
		t.Fatal(err)
	}
	source, err := exec.Command(binary, "doctor", "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var d diagnosis
	if err := json.Unmarshal(source, &d); err != nil {
		t.Fatal(err)
	}
	here := command.Layers()
	if len(d.Layers) != len(here) {
		t.Fatalf("got %+v", d)
	}
	for i, l := range here {
		if d.Layers[i] != l || !strings.Contains(string(text), l.Name) || !strings.Contains(string(text), l.Detail) {
			t.Errorf("want %+v, got %+v and\n%s", l, d.Layers[i], text)
		}
	}
}

// TestContainmentIsLogged holds that the log says once what contains programs, where
// there are any.
func TestContainmentIsLogged(t *testing.T) {
	t.Parallel()
	for yaml, want := range map[string]int{
		tool("command: [a]") + "\n": 1, "tools: [{name: x, http: {url: 'https://a.example'}}]": 0,
	} {
		cfg, err := config.Parse("sluice.yaml", []byte(yaml))
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		logContainment(cfg, slog.New(slog.NewTextHandler(&log, nil)))
		if got := strings.Count(log.String(), "by=group"); got != want {
			t.Errorf("%s: %d lines:\n%s", yaml, got, &log)
		}
	}
}
