//go:build unix

package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A named pipe that nobody writes to would be waited for, for ever.
func TestLoadWaitsForNoPipe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, link, dir, os.DevNull} {
		if _, err := Load(path); err == nil || !strings.HasSuffix(err.Error(), "it is not a regular file") {
			t.Errorf("%s: got %v", path, err)
		}
	}
}

// A shell hands over a pipe that is open: <(...).
func TestLoadReadsAnOpenPipe(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := w.WriteString("name: piped\n"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	c, err := Load(fmt.Sprintf("/dev/fd/%d", r.Fd()))
	if err != nil || c.Name != "piped" {
		t.Errorf("got %+v, %v", c, err)
	}
}
