package sqlite

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestDefaultPath(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"HOME", "USERPROFILE", "LocalAppData"} {
		t.Setenv(name, home)
	}
	for _, test := range []struct{ goos, state, want string }{
		{"linux", "", filepath.Join(home, ".local", "state")},
		{"linux", "relative", filepath.Join(home, ".local", "state")},
		{"linux", filepath.Join(home, "x"), filepath.Join(home, "x")},
		{"darwin", filepath.Join(home, "x"), filepath.Join(home, "Library", "Application Support")},
		{"windows", filepath.Join(home, "x"), home},
	} {
		t.Setenv("XDG_STATE_HOME", test.state)
		if got, err := stateDir(test.goos); got != test.want || err != nil {
			t.Errorf("%+v: got %s, %v", test, got, err)
		}
	}
	path, err := DefaultPath()
	if err != nil || !strings.HasPrefix(path, home) || !strings.HasSuffix(path, filepath.Join("sluice", "history.db")) {
		t.Errorf("got %s, %v", path, err)
	}
	for _, name := range []string{"HOME", "USERPROFILE", "LocalAppData", "XDG_STATE_HOME"} {
		t.Setenv(name, "")
	}
	if path, err := DefaultPath(); err == nil {
		t.Errorf("without a home: %s", path)
	}
}
