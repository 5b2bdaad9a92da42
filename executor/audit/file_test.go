package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestFile checks that what is appended stands in the file, from the line that names
// the process to that which ends the chain.
func TestFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	f := open(t, FileOptions{Path: path, Version: "v1.2.3"})
	for i := range 10 {
		f.Append(allowed(i))
	}
	shut(t, f)
	shut(t, f) // a second time
	r := verified(t, path)
	if len(r.Chains) != 1 || r.Lines != 12 {
		t.Fatalf("%+v", r)
	}
	host, _ := os.Hostname()
	c := r.Chains[0]
	if c.Host != host || c.PID != os.Getpid() || c.Version != "v1.2.3" || c.First != 0 || c.Last != 11 || !c.Closed {
		t.Errorf("%+v", c)
	}
	text, _ := os.ReadFile(path)
	for i, l := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if want := fmt.Sprintf(`"call_id":"%d"`, i-1); i > 0 && i < 11 && !strings.Contains(l, want) {
			t.Errorf("line %d: no %s in %s", i, want, l)
		}
	}
	if s := f.Status(); s != (Status{Written: 12}) {
		t.Errorf("%+v", s)
	}
	if info, _ := os.Stat(path); info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("others may read it: %v", info.Mode())
	}
	f.Append(allowed(0))
	if err := f.Commit(t.Context(), allowed(0)); err != ErrClosed || f.Status().Dropped != 1 {
		t.Errorf("after the end: %v, %+v", err, f.Status())
	}
}

// TestFileTouchesNothingUnasked: a process that is started and thrown away leaves no
// chain.
func TestFileTouchesNothingUnasked(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	shut(t, open(t, FileOptions{Path: path}))
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestCommitGivesUp: one who waits for a file that hangs waits no longer than the
// context, and its line is written all the same.
func TestCommitGivesUp(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	f := open(t, FileOptions{Path: path})
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("no patience")
	f.writer.series.write = func(file *os.File, b []byte) (int, error) {
		cancel(why)
		<-ctx.Done()
		return file.Write(b)
	}
	if err := f.Commit(ctx, allowed(1)); err != why && err != nil { // the write may come first
		t.Error(err)
	}
	shut(t, f)
	if r := verified(t, path); r.Lines != 3 {
		t.Errorf("%+v", r)
	}
}

// TestFileMovedAway: lines go to where the path points, not into a file that somebody
// has put aside.
func TestFileMovedAway(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	f := open(t, FileOptions{Path: path})
	aside := path + ".1"
	for i := range 2 {
		if err := f.Commit(t.Context(), allowed(i)); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			break
		}
		if os.Rename(path, aside) != nil {
			t.Skip("an open file cannot be moved here")
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shut(t, f)
	r, err := Verify(t.Context(), aside, path)
	if err != nil || len(r.Faults) > 0 || r.Lines != 5 || !r.Chains[0].Closed {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestCommitsShareWrites: many that come while one write is under way go out together.
func TestCommitsShareWrites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := open(t, FileOptions{})
		writes := 0
		f.writer.series.write = func(file *os.File, b []byte) (int, error) {
			writes++
			time.Sleep(time.Second)
			return file.Write(b)
		}
		var calls sync.WaitGroup
		for i := range 100 {
			calls.Go(func() {
				if err := f.Commit(t.Context(), allowed(i)); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
		if writes > 2 {
			t.Errorf("%d writes", writes)
		}
		shut(t, f)
	})
}
