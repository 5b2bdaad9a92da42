package audit

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
)

func TestNumberedNames(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"audit.jsonl", "a.b/audit", ".audit", "a.1.jsonl", "x.000001.jsonl", "d/x.jsonl"} {
		for _, number := range []int{1, 12, 999999, 1234567} {
			name := nth(path, number)
			if of, n := origin(name); of != path || n != number {
				t.Errorf("%s: %s %d", name, of, n)
			}
		}
	}
	for _, name := range []string{"audit.jsonl", "audit.1.jsonl", "audit.00001x.jsonl", "audit.000000.jsonl", "audit.0000001.jsonl", "audit.-00001.jsonl"} {
		if of, n := origin(name); of != name || n != 0 {
			t.Errorf("%s: %s %d", name, of, n)
		}
	}
}

// TestRotation checks when the next file is begun and how many are kept.
func TestRotation(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		size        int64
		keep        int
		first, last int
	}{
		{1, 3, 38, 40}, {1, -1, 0, 40}, {1, 0, 25, 40}, {1, 1, 40, 40}, // each commit fills one, and so does the end
		{-1, 3, 0, 0}, {0, 3, 0, 0},
	} {
		t.Run(fmt.Sprintf("%+v", test), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "audit.jsonl")
			f := open(t, FileOptions{Path: path, Size: test.size, Keep: test.keep})
			for i := range 40 {
				if err := f.Commit(t.Context(), allowed(i)); err != nil {
					t.Fatal(err)
				}
			}
			shut(t, f)
			files, err := present(path)
			if err != nil || files[0].number != test.first || files[len(files)-1].number != test.last {
				t.Errorf("%v, %v", files, err)
			}
			if r := verified(t, path); !slices.Equal(r.Files, paths(files)) || r.Chains[0].Host == "" {
				t.Errorf("%+v", r)
			}
		})
	}
}

func paths(files []numbered) (paths []string) {
	for _, f := range files {
		paths = append(paths, f.path)
	}
	return paths
}

// TestRotationByMany lets many logs that do not know of each other fill the same small
// files at once.
func TestRotationByMany(t *testing.T) {
	t.Parallel()
	for _, keep := range []int{-1, 4} {
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		var writers sync.WaitGroup
		for range 8 {
			writers.Go(func() {
				f := open(t, FileOptions{Path: path, Size: 4 << 10, Keep: keep})
				for i := range 100 {
					if err := f.Commit(context.Background(), allowed(i)); err != nil {
						t.Error(err)
					}
				}
				shut(t, f)
			})
		}
		writers.Wait()
		r := verified(t, path)
		if keep < 0 && (len(r.Chains) != 8 || len(r.Files) < 25) {
			t.Errorf("%d chains in %d files", len(r.Chains), len(r.Files))
		}
		if runtime.GOOS != "windows" && keep > 0 && len(r.Files) > keep+1 {
			t.Errorf("%d files are kept", len(r.Files))
		}
	}
}

// TestKilledProcesses kills processes that append to the same files, again and again.
// Nothing but their last lines may be in pieces.
func TestKilledProcesses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	for range 5 {
		var children []*exec.Cmd
		var readers []io.Reader
		for range 3 {
			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(), writeTo+"="+path)
			out, err := child.StdoutPipe()
			if err == nil {
				err = child.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			children, readers = append(children, child), append(readers, out)
		}
		for _, out := range readers { // a byte after 100 lines
			if _, err := out.Read(make([]byte, 1)); err != nil {
				t.Error(err)
			}
		}
		for _, child := range children {
			if err := child.Process.Kill(); err != nil {
				t.Error(err)
			}
			_ = child.Wait() // it was killed
		}
	}
	r, err := Verify(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Chains) != 15 || r.Lines < 1500 || len(r.Files) < 2 {
		t.Errorf("%d chains, %d lines, %d files", len(r.Chains), r.Lines, len(r.Files))
	}
	for _, f := range r.Faults {
		if f.Problem != ProblemUnreadable {
			t.Errorf("%+v", f)
		}
	}
}
