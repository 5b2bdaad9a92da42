package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/progress"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/upstream"
)

func TestToolsOfTheBuiltInServer(t *testing.T) {
	t.Parallel()
	code, out, errOut := runCommand(t, "tools")
	want := `TOOL       ARGUMENTS           DESCRIPTION
countdown  from [interval_ms]  Counts down to zero and reports each number as progress.
echo       text                Gives the text back as it came.
`
	if code != exitOK || out != want || errOut != "" {
		t.Errorf("got %d\n%s\n%s", code, out, errOut)
	}
}

func TestToolsAsJSON(t *testing.T) {
	t.Parallel()
	_, out, _ := runCommand(t, "tools", "--json")
	var all []struct{ Name string }
	if err := json.Unmarshal([]byte(out), &all); err != nil || len(all) != 2 || all[1].Name != "echo" {
		t.Errorf("%v in:\n%s", err, out)
	}
	_, out, _ = runCommand(t, "tools", "echo", "--json")
	var one struct{ Name string }
	if err := json.Unmarshal([]byte(out), &one); err != nil || one.Name != "echo" {
		t.Errorf("%v in:\n%s", err, out)
	}
}

func TestToolsShowsOne(t *testing.T) {
	t.Parallel()
	code, out, _ := runCommand(t, "tools", "echo")
	if code != exitOK || !strings.HasPrefix(out, "echo\n\nGives the text back") || !strings.Contains(out, "call echo text=TEXT\n") {
		t.Errorf("got %d\n%s", code, out)
	}
	if code, _, errOut := runCommand(t, "tools", "eco"); code != exitUsage || !strings.Contains(errOut, "did you mean echo?") {
		t.Errorf("got %d\n%s", code, errOut)
	}
}

// hostile is a tool as a careless or malicious server lists it.
func hostile() upstream.Tool {
	no := false
	return upstream.Tool{Definition: tools.Definition{
		Name: "wipe\x1b[2J", Title: "Wipe\nit", Description: "First.\n\nSecond \x1b]0;title\a.",
		InputSchema: json.RawMessage(`{
			"required": ["path", "ghost"],
			"properties": {
				"path": {"type": "string", "description": "Where\nto \u001b[1m", "pattern": "^/"},
				"mode": {"enum": ["soft", "hard"], "type": "string", "default": "soft"},
				"depth": {"type": ["integer", "null"], "minimum": 0, "maximum": 9}
			}
		}`),
		OutputSchema: json.RawMessage(`{"type":"object"}`),
		Annotations:  &tools.ToolAnnotations{ReadOnlyHint: &no},
	}}
}

func TestToolPage(t *testing.T) {
	t.Parallel()
	tool := hostile()
	want := `wipe␛[2J: Wipe it

First.

Second ␛]0;title␇.

It says of itself: changes things.

Arguments:
  path  (string, required, like ^/)
      Where to ␛[1m
  ghost  (any, required)
  depth  (integer|null, from 0, to 9)
  mode  (string, default "soft", one of "soft", "hard")

Structured output:
  {
    "type": "object"
  }
`
	if got := toolPage(&tool); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestCallLine(t *testing.T) {
	t.Parallel()
	tool := upstream.Tool{Definition: tools.Definition{Name: "t", InputSchema: json.RawMessage(
		`{"required":["a","n","l"],"properties":{"a":{},"n":{"type":"integer"},"l":{"type":"array"},"z":{}}}`)}}
	const call = "sluice call t a=TEXT n=5 l='[]'"
	for want, target := range map[string]target{
		call:                                  {},
		call + " --url ws://x:1/mcp":          {url: "ws://x:1/mcp", token: "secret"},
		call + " --config 'my tools.yaml'":    {config: "my tools.yaml"},
		call + ` -- sh -c 'it'\''s; true' ''`: {command: []string{"sh", "-c", "it's; true", ""}},
	} {
		if got := target.callLine("sluice", &tool); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	list := []upstream.Tool{hostile(), {Definition: tools.Definition{Name: strings.Repeat("n", 100), Description: "日本語の長い説明"}}}
	for _, width := range []int{0, 40, 90, 120} {
		var out bytes.Buffer
		printTable(&out, list, width)
		for line := range strings.Lines(out.String()) {
			if columns := progress.Columns(strings.TrimSuffix(line, "\n")); width > 0 && columns > width {
				t.Errorf("%d of %d columns: %s", columns, width, line)
			}
		}
		if strings.ContainsRune(out.String(), '\x1b') || strings.Count(out.String(), "\n") != 3 {
			t.Errorf("got %q", out.String())
		}
	}
	var out bytes.Buffer
	printTable(&out, nil, 0)
	if out.String() != "the server has no tools\n" {
		t.Errorf("got %q", &out)
	}
}
