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

// A token that anybody may have put there is nobody's. What links to it does not matter:
// container platforms mount secrets so.
func TestSecretThatOthersMayWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, link := filepath.Join(dir, "token"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("canary-0123456789\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for mode, good := range map[os.FileMode]bool{0o600: true, 0o444: true, 0o660: true, 0o602: false, 0o666: false} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		secret, err := ReadSecret(link)
		if good && (err != nil || secret != "canary-0123456789") || !good && (err == nil || secret != "" || !strings.Contains(err.Error(), "chmod o-w")) {
			t.Errorf("%v: %q, %v", mode, secret, err)
		}
	}
}

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
