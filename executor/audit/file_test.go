package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
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

// TestFileRecovers takes the directory away and brings it back: commits fail at once,
// appended entries are kept, nothing is lost, and each change is logged once.
func TestFileRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		dir := filepath.Join(t.TempDir(), "later")
		f := open(t, FileOptions{Path: filepath.Join(dir, "audit.jsonl"), Logger: slog.New(slog.NewTextHandler(&log, nil))})
		for range 2 { // the second time after it was there
			for i := range 5 {
				if err := f.Commit(t.Context(), allowed(i)); !errors.Is(err, os.ErrNotExist) {
					t.Fatalf("commit: %v", err)
				}
				f.Append(allowed(100 + i))
			}
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			time.Sleep(RetryEvery + time.Millisecond)
			synctest.Wait()
			if err := f.Commit(t.Context(), allowed(200)); err != nil {
				t.Fatal(err)
			}
			if os.RemoveAll(dir) != nil {
				t.Skip("an open file cannot be removed here")
			}
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		shut(t, f)
		if failed, again := strings.Count(log.String(), "cannot be written"), strings.Count(log.String(), "written again"); failed != 2 || again != 2 {
			t.Errorf("logged %d and %d times:\n%s", failed, again, &log)
		}
		if s := f.Status(); s.Dropped != 0 || s.Failures < 2 || s.Err != nil {
			t.Errorf("%+v", s)
		}
	})
}

// TestFileKeepsTheChainWhole cuts writes short at each byte of a line, as a full disk
// does, and checks that the log is whole afterwards.
func TestFileKeepsTheChainWhole(t *testing.T) {
	t.Parallel()
	for _, at := range []int{0, 1, 2, 20, 60, 90, 250, 410, 700, 1100} {
		synctest.Test(t, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "audit.jsonl")
			f := open(t, FileOptions{Path: path})
			full := errors.New("no space left")
			left := at
			f.writer.series.write = func(file *os.File, b []byte) (int, error) {
				if left >= len(b) || left < 0 {
					left -= len(b)
					return file.Write(b)
				}
				n, _ := file.Write(b[:left])
				left = -1
				return n, full
			}
			var refused int
			for i := range 4 {
				if err := f.Commit(t.Context(), allowed(i)); errors.Is(err, full) {
					refused++
				} else if err != nil {
					t.Error(err)
				}
				time.Sleep(2 * RetryEvery)
			}
			shut(t, f)
			r := verified(t, path)
			if refused != 1 || r.Lines-r.Resumed != 6 || !r.Chains[0].Closed || f.Status().Failures != 1 {
				t.Errorf("cut at %d: %d refused, %+v", at, refused, r)
			}
		})
	}
}

// TestFileDrops lets the file hang: nobody who appends waits, and a line says where how
// many were lost.
func TestFileDrops(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	f := open(t, FileOptions{Path: path, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	hangs, goesOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	f.writer.series.write = func(file *os.File, b []byte) (int, error) {
		once.Do(func() { close(hangs); <-goesOn })
		return file.Write(b)
	}
	f.Append(allowed(-1))
	<-hangs
	const fit, more = maxBuffered / 513, 7
	for i := range fit + more {
		f.Append(allowed(i))
	}
	if err := f.Commit(t.Context(), allowed(0)); err != ErrFull {
		t.Errorf("commit: %v", err)
	}
	gone, cancel := context.WithCancelCause(t.Context())
	why := errors.New("no patience")
	cancel(why)
	if err := f.Close(gone); err != why {
		t.Errorf("close of a file that hangs: %v", err)
	}
	dropped := f.Status().Dropped
	close(goesOn)
	shut(t, f)
	r := verified(t, path)
	if dropped < more || dropped > more+10 || r.Chains[0].Dropped != dropped || r.Lines != int(fit+more-dropped)+4 {
		t.Errorf("%d dropped, %+v", dropped, r)
	}
	if strings.Count(log.String(), "are dropped") != 1 {
		t.Errorf("the log says:\n%s", &log)
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

// TestFileThatCannotBeWritten: what is left at the end is counted, and Close says so.
func TestFileThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	f := open(t, FileOptions{Path: filepath.Join(t.TempDir(), "none", "audit.jsonl")})
	for i := range 3 {
		f.Append(allowed(i))
	}
	if err := f.Close(t.Context()); !errors.Is(err, os.ErrNotExist) || f.Status().Dropped != 3 {
		t.Errorf("got %v, %+v", err, f.Status())
	}
}

func TestMemory(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		keep, entries int
		want          []string
	}{{0, 3, nil}, {-1, 3, nil}, {3, 2, []string{"0", "1"}}, {2, 5, []string{"3", "4"}}} {
		m := NewMemory(test.keep)
		for i := range test.entries {
			if err := m.Commit(t.Context(), allowed(i)); err != nil {
				t.Error(err)
			}
		}
		var got []string
		for _, e := range m.Entries() {
			got = append(got, e.Call.ID)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%+v: got %q", test, got)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	f := open(b, FileOptions{})
	e := full(EventFinished)
	b.ReportAllocs()
	for b.Loop() {
		f.Append(e)
	}
	b.ReportMetric(float64(f.Status().Dropped)/float64(b.N), "dropped/op")
}

func BenchmarkCommit(b *testing.B) {
	f := open(b, FileOptions{})
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		e := full(EventAllowed)
		for pb.Next() {
			if err := f.Commit(b.Context(), e); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkLine(b *testing.B) {
	c, e := newChain(), full(EventFinished)
	var text []byte
	b.ReportAllocs()
	for b.Loop() {
		text = c.append(text[:0], &e, &process{})
	}
}
