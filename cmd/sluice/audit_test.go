package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// loggedConfig returns a config with an audit log, and the log once two calls of
// `sluice call` have left their chains in it.
func loggedConfig(t *testing.T) (config, log string) {
	t.Helper()
	log = filepath.Join(t.TempDir(), "audit.jsonl")
	config = filepath.Join(filepath.Dir(log), "sluice.yaml") // the path is relative to it
	source := "engine: {audit: {path: audit.jsonl}}\ntools: [{name: version, command: [go, version]}]"
	if err := os.WriteFile(config, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if code, _, errOut := runCommand(t, "call", "version", "--config", config); code != exitOK {
			t.Fatalf("%d: %s", code, errOut)
		}
	}
	return config, log
}

func TestAuditVerify(t *testing.T) {
	t.Parallel()
	config, log := loggedConfig(t)
	for _, args := range [][]string{{"--config", config}, {log}, {log, log}} {
		code, out, errOut := runCommand(t, append([]string{"audit", "verify"}, args...)...)
		if code != exitOK || out != "1 file, 10 lines, 2 chains, 0 faults\n" || errOut != "" {
			t.Errorf("%q: got %d, %q and:\n%s", args, code, errOut, out)
		}
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	for name, test := range map[string]struct {
		text string
		code int
		want string
	}{
		"changed": {strings.Replace(string(text), `"tool":"version"`, `"tool":"wipe"`, 1), exitFaults, log + ":2: changed: "},
		"cut out": {lines[0] + lines[1] + strings.Join(lines[3:], ""), exitFaults, log + ":3: missing: 1 lines of its chain are missing"},
		"the end": {strings.Join(lines[:9], ""), exitOK, "1 chain without an end"},
	} {
		if err := os.WriteFile(log, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, errOut := runCommand(t, "audit", "verify", log)
		if code != test.code || !strings.Contains(out, test.want) || (code != exitOK) != strings.Contains(errOut, "not as it was written") {
			t.Errorf("%s: got %d, %q and:\n%s", name, code, errOut, out)
		}
		code, out, _ = runCommand(t, "audit", "verify", "--json", log)
		var v verdict
		if err := json.Unmarshal([]byte(out), &v); err != nil || code != test.code || v.Whole != (code == exitOK) {
			t.Errorf("%s: got %d, %v and:\n%s", name, code, err, out)
		}
		if len(v.Chains) != 2 || v.Chains[0].PID != os.Getpid() || len(v.Chains[1].Hash) != 64 || (len(v.Faults) > 0) == v.Whole {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

func TestAuditVerifyUsage(t *testing.T) {
	t.Parallel()
	none := filepath.Join(t.TempDir(), "none.jsonl")
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{nil, exitUsage, "name either the files"},
		{[]string{"a", "--config", "b"}, exitUsage, "name either the files"},
		{[]string{"--config", writeFile(t, "tools: []")}, exitUsage, "has no audit log"},
		{[]string{none}, exitFailure, "hint: a log is begun with the first call"},
	} {
		code, out, errOut := runCommand(t, append([]string{"audit", "verify"}, test.args...)...)
		errOut = strings.ReplaceAll(errOut, "The system cannot find the file specified.", fs.ErrNotExist.Error())
		if code != test.code || out != "" || !strings.Contains(errOut, test.want) {
			t.Errorf("%q: got %d, %q and:\n%s", test.args, code, out, errOut)
		}
	}
	if code, _, errOut := runCommand(t, "audit", "verfy"); code != exitUsage || !strings.Contains(errOut, "hint: `sluice audit --help`") {
		t.Errorf("got %d, %s", code, errOut)
	}
	if code, out, _ := runCommand(t, "audit"); code != exitOK || !strings.Contains(out, "verify") {
		t.Errorf("got %d, %s", code, out)
	}
}
