package mcpb

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestPack packs files twice, in another order and with other times.
func TestPack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte("#!"), 0o700); err != nil {
		t.Fatal(err)
	}
	files := []File{{Name: "b/run", Source: program, Executable: true}, {Name: "a.yaml", Text: []byte("name: a\n")}}
	pack := func(files []File) string {
		t.Helper()
		var b bytes.Buffer
		if err := Pack(&b, &Manifest{ManifestVersion: Version, Name: "R&D"}, files); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	first := pack(files)
	if err := os.Chtimes(program, time.Unix(0, 0), time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(files)
	if pack(files) != first {
		t.Error("the same files make another bundle")
	}
	z, err := zip.NewReader(strings.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		line, _, _ := strings.Cut(string(text), "\n")
		got = append(got, fmt.Sprint(f.Name, " ", f.Mode(), " ", line))
	}
	want := []string{"manifest.json -rw-r--r-- {", "a.yaml -rw-r--r-- name: a", "b/run -rwxr-xr-x #!"}
	if !slices.Equal(got, want) || !strings.Contains(first, "manifest.json") {
		t.Errorf("packed %q", got)
	}
	if err := Pack(io.Discard, &Manifest{}, []File{{Name: "x", Text: []byte{}}, {Name: "x", Text: []byte{}}}); err == nil {
		t.Error("two files of one name")
	}
	if err := Pack(io.Discard, &Manifest{}, []File{{Name: "x", Source: filepath.Join(dir, "none")}}); err == nil {
		t.Error("a file that is not there")
	}
}

func TestBelow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "scripts", "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"scripts/run.sh": 0o755, "scripts/deep/data": 0o600, "one": 0o600, "secret": 0o600} {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte("x"), mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"scripts": "scripts/deep/data scripts/run.sh", "./scripts/": "scripts/deep/data scripts/run.sh", "one": "one"} {
		files, err := Below(dir, name)
		var names []string
		for _, f := range files {
			names = append(names, f.Name)
		}
		if err != nil || strings.Join(names, " ") != want {
			t.Errorf("%s: %v, %v", name, names, err)
		}
	}
	for _, name := range []string{"../x", "/etc/passwd", "none", ""} {
		if files, err := Below(dir, name); err == nil {
			t.Errorf("%q: %v", name, files)
		}
	}
	if os.Symlink(filepath.Join(dir, "secret"), filepath.Join(dir, "scripts", "link")) == nil {
		if files, err := Below(dir, "scripts"); err == nil {
			t.Errorf("through a link: %v", files)
		}
	}
}
