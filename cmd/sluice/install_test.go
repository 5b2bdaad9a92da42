package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// installFor runs the built program for a user whose home is dir.
func installFor(t *testing.T, dir string, args ...string) (out, errOut string, err error) {
	t.Helper()
	cmd := exec.Command(binary, append([]string{"install"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "USERPROFILE="+dir, "APPDATA="+dir, "LOCALAPPDATA="+dir,
		"XDG_CONFIG_HOME="+dir, "CLAUDE_CONFIG_DIR="+dir, "ORDERS_TOKEN=s3cret")
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	return stdout.String(), stderr.String(), err
}

const needsSecret = `name: shop
tools:
  - name: order
    http: {url: "https://orders.example/{id}", auth: [{token_env: ORDERS_TOKEN}]}
`

// TestInstall goes the way of a user: look, install, again, start what the client would
// start, remove.
func TestInstall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config, file := filepath.Join(dir, "sluice.yaml"), filepath.Join(dir, ".claude.json")
	before := "{\n  \"numStartups\": 3\n}"
	for path, text := range map[string]string{config: needsSecret, file: before} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shown, errOut, err := installFor(t, dir, "claude-code", "--config", "sluice.yaml", "--print")
	if err != nil || !strings.Contains(errOut, file) {
		t.Errorf("%v: %s", err, errOut)
	}
	if text, _ := os.ReadFile(file); string(text) != before {
		t.Errorf("--print has changed it:\n%s", text)
	}
	_, errOut, err = installFor(t, dir, "claude-code", "--config", "sluice.yaml", "--env", "ORDERS_TOKEN")
	if err != nil || errOut != "" {
		t.Errorf("%v: %s", err, errOut)
	}
	type entry struct {
		Type, Command string
		Args          []string
		Env           map[string]string
	}
	type client struct{ MCPServers map[string]entry }
	var printed, installed client
	text, _ := os.ReadFile(file)
	if err := json.Unmarshal([]byte(shown), &printed); err != nil || printed.MCPServers["shop"].Command == "" {
		t.Errorf("%v in:\n%s", err, shown)
	}
	if err := json.Unmarshal(text, &installed); err != nil {
		t.Fatal(err)
	}
	got := installed.MCPServers["shop"]
	if !sameFile(got.Command, binary) || got.Type != "stdio" || got.Env["ORDERS_TOKEN"] != "s3cret" ||
		len(got.Args) != 3 || !filepath.IsAbs(got.Args[2]) || !sameFile(got.Args[2], config) {
		t.Errorf("installed %+v", got)
	}
	p := startCommand(t, exec.Command(got.Command, got.Args...))
	p.send(handshake...)
	p.until(`"name":"shop"`)
	p.stdin.Close()
	p.wantExit(exitOK)

	out, _, err := installFor(t, dir, "claude-code", "--config", "sluice.yaml", "--env", "ORDERS_TOKEN", "--json")
	if err != nil || !strings.Contains(out, `"action": "unchanged"`) {
		t.Errorf("again: %v, %s", err, out)
	}
	out, _, err = installFor(t, dir, "claude-code", "--name", "shop", "--remove")
	if err != nil || !strings.HasPrefix(out, `Removed "shop" from `) {
		t.Errorf("%v: %s", err, out)
	}
	if text, _ := os.ReadFile(file); string(text) != before {
		t.Errorf("removed, it holds:\n%s", text)
	}
}

func TestInstallSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.json")
	for path, text := range map[string]string{broken: "{", filepath.Join(dir, "sluice.yaml"): needsSecret, filepath.Join(dir, "bad.yaml"): "tools: 7"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no such client":         {[]string{"emacs"}, "choose one of claude-desktop, claude-code, cursor, vscode, windsurf, zed"},
		"not installed":          {[]string{"zed"}, "Zed does not seem to be installed: there is no "},
		"unreadable":             {[]string{"cursor", "--file", broken}, "is left as it is: it is not JSON"},
		"no directory":           {[]string{"cursor", "--file", filepath.Join(dir, "none", "f")}, "there is no such directory"},
		"a bad config":           {[]string{"cursor", "--config", "bad.yaml", "--file", broken}, "bad.yaml"},
		"no such variable":       {[]string{"cursor", "--env", "NONE_SUCH", "--file", broken}, "NONE_SUCH: there is no such environment variable"},
		"print and remove":       {[]string{"cursor", "--print", "--remove"}, "none of the others can be"},
		"a secret is not passed": {[]string{"cursor", "--config", "sluice.yaml", "--file", filepath.Join(dir, "new.json")}, "--env ORDERS_TOKEN does"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, errOut, err := installFor(t, dir, test.args...)
			if !strings.Contains(errOut, test.want) || (err == nil) != (name == "a secret is not passed") {
				t.Errorf("%v:\n%s", err, errOut)
			}
		})
	}
	if !isTemporary("/tmp/go-build123/b001/exe/sluice") || isTemporary(binary) {
		t.Error("what go run builds is not known")
	}
}
