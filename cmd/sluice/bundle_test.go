package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/mcpb"
)

// bundleOf runs the command on a config, in a directory of its own.
func bundleOf(t *testing.T, yaml string, args ...string) (path, errOut string, code int) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sluice.yaml"), []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "scripts"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "scripts", "run.sh"), []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "out.mcpb")
	code, _, errOut = runCommand(t, append([]string{"bundle", "--config", filepath.Join(dir, "sluice.yaml"), "--author", "Ada", "-o", path}, args...)...)
	if left, _ := filepath.Glob(filepath.Join(dir, ".sluice-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	return path, errOut, code
}

func TestBundle(t *testing.T) {
	t.Parallel()
	yaml := needsSecret + "  - {name: run, command: [./scripts/run.sh], dir: .}\n  - {name: wc, command: [wc, -c], pass_env: [LANG]}\n"
	other := writeFile(t, "a program")
	args := []string{"--include", "scripts", "--binary", "win32=" + other, "--binary", "darwin=" + other, "--version", "2.0.0", "--description", "A shop."}
	path, errOut, code := bundleOf(t, yaml, args...)
	if code != exitOK || errOut != "note: these programs must be on the machine that installs it: wc\n" {
		t.Errorf("%d: %s", code, errOut)
	}
	files := unzipped(t, path)
	var m mcpb.Manifest
	if err := json.Unmarshal(files["manifest.json"], &m); err != nil {
		t.Fatal(err)
	}
	if m.Name != "shop" || m.Version != "2.0.0" || m.Author.Name != "Ada" || m.Description != "A shop." || len(m.Tools) != 3 || m.ToolsGenerated {
		t.Errorf("%+v", m)
	}
	if got := m.Server.Launch; got.Command != "${__dirname}/server/sluice-darwin" || strings.Join(got.Args, " ") != "stdio --config ${__dirname}/sluice.yaml" ||
		got.Env["ORDERS_TOKEN"] != "${user_config.orders_token}" || got.Overrides["win32"].Command != "${__dirname}/server/sluice-win32.exe" {
		t.Errorf("%+v", got)
	}
	if token, lang := m.UserConfig["orders_token"], m.UserConfig["lang"]; !token.Required || !token.Sensitive || token.Default != nil || lang.Required || lang.Default == nil {
		t.Errorf("%+v, %+v", token, lang)
	}
	if string(files["sluice.yaml"]) != yaml || string(files["scripts/run.sh"]) != "#!/bin/sh\n" || string(files["server/sluice-win32.exe"]) != "a program" {
		t.Errorf("packed %d files", len(files))
	}
	again, _, _ := bundleOf(t, yaml, args...)
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := os.ReadFile(again); err != nil || !bytes.Equal(first, second) {
		t.Errorf("the same input makes another bundle (%v)", err)
	}
}

func unzipped(t *testing.T, path string) map[string][]byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestBundleIsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		yaml, want string
		args       []string
	}{
		"a secret in a file":     {strings.Replace(needsSecret, "token_env: ORDERS_TOKEN", "token_file: orders.token", 1), "must not be packed", nil},
		"a secret for traces":    {needsSecret + "traces: {endpoint: 'https://otel.example', token_file: otel.token}\n", "traces reads a secret", nil},
		"a file outside":         {needsSecret, "is not below", []string{"--include", "../x"}},
		"a file that is missing": {needsSecret, "--include none", []string{"--include", "none"}},
		"an unknown platform":    {needsSecret, "with darwin, linux or win32", []string{"--binary", "beos=x"}},
		"no such program":        {needsSecret, "there is no file", []string{"--binary", "win32=none"}},
		"a bad config":           {"tools: 7", "tools", nil},
		"a tool that cannot be":  {"tools: [{name: x, command: ['{a}'], input: {type: 7}}]", "not valid", nil},
		"no such directory":      {needsSecret, "there is no directory", []string{"-o", filepath.Join("none", "x.mcpb")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, errOut, code := bundleOf(t, test.yaml, test.args...)
			if code != exitUsage || !strings.Contains(errOut, test.want) {
				t.Errorf("%d: %s", code, errOut)
			}
			if _, err := os.Stat(path); !os.IsNotExist(err) {
				t.Errorf("it is written: %v", err)
			}
		})
	}
	if got := fileName(`a/b: "c"? `); got != "a-b- -c--" {
		t.Errorf("got %q", got)
	}
}
