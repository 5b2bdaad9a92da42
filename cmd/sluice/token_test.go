package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
)

var strongToken = regexp.MustCompile(`^[A-Z2-7]{26}\n$`)

// TestTokenNew checks that the token stands alone on stdout, and that the advice is right:
// its entry is one that a config takes, and it does not repeat the token.
func TestTokenNew(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for name, variable := range map[string]string{"planner": "PLANNER_TOKEN", "id:ada.b-c": "ID_ADA_B_C_TOKEN", "7": "_7_TOKEN"} {
		code, out, errOut := runCommand(t, "token", "new", "--name", name)
		if code != exitOK || !strongToken.MatchString(out) || seen[out] {
			t.Errorf("%s: %d, %q", name, code, out)
		}
		seen[out] = true
		if !strings.Contains(errOut, variable) || strings.Contains(errOut, strings.TrimSpace(out)) {
			t.Errorf("%s: the advice is %q", name, errOut)
		}
		checkTokenEntry(t, errOut[strings.Index(errOut, "auth:"):strings.Index(errOut, "More keys")], name)
	}
	for _, name := range []string{"", "a*", "a\nb", `"`} {
		if code, out, _ := runCommand(t, "token", "new", "--name", name); code != exitUsage || out != "" {
			t.Errorf("%q: %d, %q", name, code, out)
		}
	}
	if code, _, errOut := runCommand(t, "token", "make"); code != exitUsage || !strings.Contains(errOut, "make") {
		t.Errorf("%d, %q", code, errOut)
	}
}

func checkTokenEntry(t *testing.T, yaml, name string) {
	t.Helper()
	c, err := config.Parse("c.yaml", []byte(yaml))
	if err != nil || len(c.Auth.Tokens) != 1 || c.Auth.Tokens[0].Name != name {
		t.Errorf("the entry is no good: %v\n%s", err, yaml)
	}
}

// TestTokenNewToAFile checks that a token goes into a file of one's own, or nowhere.
func TestTokenNewToAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "planner.token")
	code, out, errOut := runCommand(t, "token", "new", "--file", path, "--json")
	var made newToken
	if err := json.Unmarshal([]byte(out), &made); err != nil || code != exitOK || made.Token != "" || made.File != path || errOut != "" {
		t.Fatalf("%d, %q, %q: %v", code, out, errOut, err)
	}
	checkTokenEntry(t, "auth:\n  tokens:\n    - "+made.Config, "planner")
	text, err := os.ReadFile(path)
	info, err2 := os.Stat(path)
	if err != nil || err2 != nil || !strongToken.Match(text) || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("%q, %v: %v, %v", text, info.Mode(), err, err2)
	}
	if code, _, errOut := runCommand(t, "token", "new", "--file", path); code != exitUsage || !strings.Contains(errOut, "is there already") {
		t.Errorf("a file that is there: %d, %q", code, errOut)
	}
	if again, err := os.ReadFile(path); err != nil || string(again) != string(text) {
		t.Errorf("it was changed: %v", err)
	}
	code, out, _ = runCommand(t, "token", "new", "--json")
	if err := json.Unmarshal([]byte(out), &made); err != nil || code != exitOK || !strongToken.MatchString(made.Token+"\n") || made.Env != "PLANNER_TOKEN" {
		t.Errorf("%d, %q: %v", code, out, err)
	}
}
