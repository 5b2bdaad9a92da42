package desktop

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is what is installed. The characters are those that JSON encoders differ on.
var server = Server{
	Command: "/opt/R&D/sluice", Args: []string{"stdio", "--config", `C:\Users\ada\<shop>.yaml`},
	Env: map[string]string{"ORDERS_TOKEN": "é"},
}

// TestGolden installs into copies of what each client has, compares the whole file, and
// takes it out again.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, c := range Clients {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			source, err := os.ReadFile(filepath.Join("testdata", c.ID+".json"))
			if err != nil {
				t.Fatal(err)
			}
			file := put(t, string(source))
			change, err := c.Install(file, "sluice", server)
			if err != nil || change.Action != Added {
				t.Fatalf("%+v, %v", change, err)
			}
			wantFile(t, change.Backup, string(source))
			golden := filepath.Join("testdata", c.ID+".golden.json")
			if *update {
				if err := os.WriteFile(golden, []byte(content(t, file)), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want := content(t, golden)
			wantFile(t, file, want)

			if change, err = c.Install(file, "sluice", server); err != nil || change.Action != Unchanged || change.Backup != "" {
				t.Errorf("again: %+v, %v", change, err)
			}
			other := server
			other.Args = []string{"stdio"}
			if change, err = c.Install(file, "sluice", other); err != nil || change.Action != Updated {
				t.Errorf("otherwise: %+v, %v", change, err)
			}
			wantFile(t, change.Backup, string(source))
			if change, err = c.Install(file, "sluice", server); err != nil || change.Action != Updated {
				t.Errorf("back: %+v, %v", change, err)
			}
			wantFile(t, file, want)
			if change, err = c.Remove(file, "sluice"); err != nil || change.Action != Removed {
				t.Errorf("removed: %+v, %v", change, err)
			}
			wantFile(t, file, string(source))
			if change, err = c.Remove(file, "sluice"); err != nil || change.Action != Unchanged {
				t.Errorf("removed again: %+v, %v", change, err)
			}
		})
	}
}

// TestRemoveRestores takes out what Install has made new: a section, or the file.
func TestRemoveRestores(t *testing.T) {
	t.Parallel()
	c := Find("claude-desktop")
	file := put(t, `{"globalShortcut": ""}`)
	install(t, c, file)
	if _, err := c.Remove(file, "sluice"); err != nil {
		t.Fatal(err)
	}
	wantFile(t, file, `{"globalShortcut": ""}`)

	file = filepath.Join(t.TempDir(), "new.json")
	install(t, c, file)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o077 != 0 && filepath.Separator == '/' {
		t.Errorf("made with %v, %v", info.Mode(), err)
	}
	if _, err := c.Remove(file, "sluice"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}

	// What the client has written since stays.
	file = put(t, `{"a": 1}`)
	install(t, c, file)
	changed := strings.Replace(content(t, file), `"a": 1`, `"a": 2`, 1)
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Remove(file, "sluice"); err != nil {
		t.Fatal(err)
	}
	if got := content(t, file); !strings.Contains(got, `"a": 2`) || strings.Contains(got, "sluice") {
		t.Errorf("left:\n%s", got)
	}
}

func install(t *testing.T, c *Client, file string) *Change {
	t.Helper()
	change, err := c.Install(file, "sluice", server)
	if err != nil {
		t.Fatal(err)
	}
	return change
}

// TestRefusedChangesNothing has files that are not what they should be.
func TestRefusedChangesNothing(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`{"mcpServers": {`:   "not JSON",
		`[1]`:                "not a JSON object",
		`{"mcpServers": []}`: `its "mcpServers" is not an object`,
	} {
		file := put(t, source)
		for name, act := range map[string]func() (*Change, error){
			"install": func() (*Change, error) { return Find("cursor").Install(file, "sluice", server) },
			"remove":  func() (*Change, error) { return Find("cursor").Remove(file, "sluice") },
		} {
			if _, err := act(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "left as it is") {
				t.Errorf("%s into %s: %v", name, source, err)
			}
		}
		wantFile(t, file, source)
		if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
			t.Errorf("beside it: %v, %v", entries, err)
		}
	}
	if _, err := Find("cursor").Install(t.TempDir(), "sluice", server); err == nil || !strings.Contains(err.Error(), "not a file") {
		t.Errorf("into a directory: %v", err)
	}
	if _, err := Find("cursor").Install(filepath.Join(t.TempDir(), "none", "f"), "sluice", server); err == nil {
		t.Error("a directory is made")
	}
}

// TestLinksAndModes changes what a link points to and keeps who may read it.
func TestLinksAndModes(t *testing.T) {
	t.Parallel()
	file := put(t, "{}")
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.json")
	if err := os.Symlink(file, link); err != nil {
		t.Skip("no links here:", err)
	}
	change := install(t, Find("windsurf"), link)
	if real, _ := filepath.EvalSymlinks(file); change.File != real {
		t.Errorf("changed %s", change.File)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info.Mode(), err)
	}
	for _, f := range []string{change.File, change.Backup} {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o640 && filepath.Separator == '/' {
			t.Errorf("%s has %v, %v", f, info.Mode(), err)
		}
	}
	if !strings.Contains(content(t, file), "/opt/R&D/sluice") {
		t.Error("not installed")
	}
}

// TestWrittenMeanwhile has the client write its config just as we do.
func TestWrittenMeanwhile(t *testing.T) {
	t.Parallel()
	file := put(t, "{}")
	times := 0
	change, err := Find("cursor").change(file, func(old []byte) (*edition, error) {
		if times++; times < 3 {
			if err := os.WriteFile(file, append(old, ' '), 0o600); err != nil {
				t.Error(err)
			}
		}
		return &edition{text: append(old, '!'), action: Added}, nil
	})
	if err != nil || times != 3 || content(t, change.File) != "{}  !" {
		t.Errorf("%d times, %v: %q", times, err, content(t, file))
	}
	_, err = Find("cursor").change(file, func(old []byte) (*edition, error) {
		text := append(old, ' ')
		return &edition{text: append(text, '!')}, os.WriteFile(file, text, 0o600)
	})
	if err == nil || !strings.Contains(err.Error(), "quit the client") {
		t.Errorf("never still: %v", err)
	}
}

// TestLocate has each client on each system, with and without the variables that move it.
func TestLocate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		os, id, want string // below the home
		env          map[string]string
	}{
		{"darwin", "claude-desktop", "Library/Application Support/Claude/claude_desktop_config.json", nil},
		{"windows", "claude-desktop", "AppData/Roaming/Claude/claude_desktop_config.json", nil},
		{"linux", "claude-desktop", ".config/Claude/claude_desktop_config.json", nil},
		{"linux", "claude-desktop", "x/Claude/claude_desktop_config.json", map[string]string{"XDG_CONFIG_HOME": "~/x"}},
		{"darwin", "claude-code", ".claude.json", nil},
		{"linux", "claude-code", "c/.claude.json", map[string]string{"CLAUDE_CONFIG_DIR": "~/c"}},
		{"windows", "cursor", ".cursor/mcp.json", nil},
		{"darwin", "vscode", "Library/Application Support/Code/User/mcp.json", nil},
		{"windows", "vscode", "r/Code/User/mcp.json", map[string]string{"APPDATA": "~/r"}},
		{"linux", "vscode", ".config/Code/User/mcp.json", nil},
		{"windows", "windsurf", ".codeium/windsurf/mcp_config.json", nil},
		{"darwin", "zed", ".config/zed/settings.json", nil},
		{"windows", "zed", "AppData/Roaming/Zed/settings.json", nil},
		{"linux", "zed", ".config/zed/settings.json", nil},
	} {
		home := t.TempDir()
		m := Machine{OS: test.os, Home: home, Getenv: func(name string) string {
			return strings.Replace(test.env[name], "~", home, 1)
		}}
		want := filepath.Join(home, filepath.FromSlash(test.want))
		file, installed := Find(test.id).Locate(m)
		if filepath.Clean(file) != want || installed {
			t.Errorf("%s on %s: %s (%v), want %s", test.id, test.os, file, installed, want)
		}
		if err := os.MkdirAll(filepath.Dir(want), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(want, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, installed = Find(test.id).Locate(m); !installed {
			t.Errorf("%s on %s is not found", test.id, test.os)
		}
	}
	home := t.TempDir()
	store := filepath.Join(home, "AppData", "Local", "Packages", "Claude_pzs8sxrjxfjjc", "LocalCache", "Roaming", "Claude")
	if err := os.MkdirAll(store, 0o700); err != nil {
		t.Fatal(err)
	}
	file, installed := Find("claude-desktop").Locate(Machine{OS: "windows", Home: home, Getenv: func(string) string { return "" }})
	if filepath.Clean(file) != filepath.Join(store, "claude_desktop_config.json") || !installed {
		t.Errorf("from the store: %s (%v)", file, installed)
	}
	if Find("emacs") != nil {
		t.Error("found what is not there")
	}
}

func put(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func wantFile(t *testing.T, path, want string) {
	t.Helper()
	if got := content(t, path); got != want {
		t.Errorf("%s holds:\n%s\nwant:\n%s", path, got, want)
	}
}
