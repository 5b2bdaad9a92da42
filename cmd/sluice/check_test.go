package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestCheckOfAValidConfig(t *testing.T) {
	t.Parallel()
	code, out, errOut := runCommand(t, "check", "--config", "../../testdata/configs/anchors.yaml")
	want := `  head  Show the first lines of a file.
  tail  Show the last lines of a file.
../../testdata/configs/anchors.yaml is valid: 2 tools, 0 warnings
`
	if code != exitOK || out != want || errOut != "" {
		t.Errorf("got %d, %q and:\n%s\nwant:\n%s", code, errOut, out, want)
	}
}

func TestCheckOfTheBuiltInTools(t *testing.T) {
	t.Parallel()
	code, out, _ := runCommand(t, "check")
	if code != exitOK || !strings.Contains(out, "countdown") || !strings.Contains(out, "the built-in config is valid: 2 tools") {
		t.Errorf("got %d and:\n%s", code, out)
	}
}

func TestCheckFindings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, yaml string
		code       int
		want       string
	}{
		{"syntax", "tools: [", exitUsage, ":1:8: YAML: sequence end token ']' not found\n    1 | tools: ["},
		{"key", "toools: []", exitUsage, `did you mean "tools"?`},
		{"two errors", "a: 1\nb: 2", exitUsage, `unknown key "b"`},
		{"name", "tools:\n  - {name: a b, command: [sort]}", exitUsage, ":2:5: tool \"a b\": a name has only letters"},
		{"schema", "tools:\n  - {name: a, command: [sort], input: {type: strin}}", exitUsage, ":2:5: tool \"a\": input schema:"},
		{"placeholder", "tools:\n  - {name: a, command: [sort, '{x}'], input: {type: object}}", exitUsage, "{x}"},
		{"placeholder of stdin", "tools:\n  - {name: a, command: [sort], stdin: '{x}', input: {type: object}}", exitUsage, ":2:5: command: tool \"a\": the placeholder {x} is no property"},
		{"placeholders without a schema", "tools:\n  - {name: a, command: [sluice-no-such-program, '{x}'], stdin: '{y}'}", exitOK, "1 tool, 1 warning"},
		{"origin", "listen: {origins: ['*']}", exitUsage, `origin "*"`},
		{"program", "tools:\n  - {name: a, command: [sluice-no-such-program]}", exitOK, ":2:5: command: tool \"a\": exec: \"sluice-no-such-program\""},
		{"endpoint", "tools:\n  - {name: a, http: {url: 'ftp://a'}}", exitUsage, ":2:5: httpcall: tool \"a\": url: it must begin with"},
		{"endpoint at a special address", "tools:\n  - {name: a, http: {url: 'http://169.254.169.254'}}", exitUsage, "is a special address"},
		{"secret of an endpoint", "tools:\n  - {name: a, http: {url: 'http://a', auth: [{token_env: SLUICE_TEST_NONE}]}}", exitOK, ":2:5: httpcall: tool \"a\": the environment variable SLUICE_TEST_NONE is not set"},
		{"authorities of an endpoint", "tools:\n  - {name: a, http: {url: 'http://a', ca_file: none.pem}}", exitUsage, ":2:5: ca_file: open"},
		{"no tool", "tools: []", exitOK, "there is no tool to serve"},
		{"open address", "listen: {address: '0.0.0.0:7777'}", exitOK, "`sluice serve` refuses 0.0.0.0:7777"},
		{"open address without hosts", "listen: {address: '0.0.0.0:7777'}", exitOK, "until listen.hosts names"},
		{"a caller that one word opens all to", "auth: {callers: [{name: ops, admin: true}, {name: '*', tools: []}]}", exitOK, "auth: what is said of \"ops\" itself has no tools"},
		{"no such token", "auth: {tokens: [{name: a, token_env: SLUICE_TEST_NONE}]}", exitOK, "SLUICE_TEST_NONE is not set"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := writeFile(t, test.yaml)
			code, out, errOut := runCommand(t, "check", "--config", path)
			if code != test.code || !strings.Contains(out, test.want) {
				t.Errorf("got %d, %q and:\n%s", code, errOut, out)
			}
			if (code == exitOK) != strings.Contains(out, " is valid: ") {
				t.Errorf("it says:\n%s", out)
			}
			code, out, _ = runCommand(t, "check", "--json", "--config", path)
			var f findings
			if err := json.Unmarshal([]byte(out), &f); err != nil || code != test.code || f.Valid != (code == exitOK) {
				t.Errorf("got %d, %v and:\n%s", code, err, out)
			}
			if f.Valid != (len(f.Errors) == 0) || len(f.Errors)+len(f.Warnings) == 0 {
				t.Errorf("found %+v", f)
			}
		})
	}
}

func TestCheckTellsNoSecret(t *testing.T) {
	t.Setenv("SLUICE_TEST_SHORT", "canary")
	_, out, errOut := runCommand(t, "check", "--config", writeFile(t, "auth: {tokens: [{name: a, token_env: SLUICE_TEST_SHORT}]}"))
	if strings.Contains(out+errOut, "canary") || !strings.Contains(out, "warning:") {
		t.Errorf("got %s%s", out, errOut)
	}
}
