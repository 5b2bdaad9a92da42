package audit

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestFileRecovers takes the directory away and brings it back: commits fail at once,
// appended entries are kept, nothing is lost, and each change is logged once.
func TestFileRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		dir := filepath.Join(t.TempDir(), "later")
		f := open(t, FileOptions{Path: filepath.Join(dir, "audit.jsonl"), Logger: slog.New(slog.NewTextHandler(&log, nil))})
		for range 2 { // the second time after it was there
			began := time.Now()
			for i := range 5 {
				if err := f.Commit(t.Context(), allowed(i)); !errors.Is(err, os.ErrNotExist) {
					t.Fatalf("commit: %v", err)
				}
				f.Append(allowed(100 + i))
			}
			if took := time.Since(began); took > 0 {
				t.Errorf("commits that cannot be written took %v", took)
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
	const newline = -1 // only the last newline is missing
	for _, at := range []int{0, 1, 2, 20, 60, 90, 250, 410, 700, 1100, newline} {
		synctest.Test(t, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "audit.jsonl")
			f := open(t, FileOptions{Path: path})
			full := errors.New("no space left")
			left, cut := at, false
			f.writer.series.write = func(file *os.File, b []byte) (int, error) {
				if left == newline {
					left = len(b) - 1
				}
				if cut || left >= len(b) {
					left -= len(b)
					return file.Write(b)
				}
				cut = true
				n, _ := file.Write(b[:left])
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
			failures := 1
			if at == newline {
				failures = 0
			}
			if refused != failures || r.Lines-r.Resumed != 6 || !r.Chains[0].Closed || f.Status().Failures != uint64(failures) {
				t.Errorf("cut at %d: %d refused, %+v, %+v", at, refused, r, f.Status())
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
	longest := 0
	f.writer.series.write = func(file *os.File, b []byte) (int, error) {
		longest = max(longest, len(b))
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
	if longest > maxBatch+maxLine {
		t.Errorf("a write has %d bytes", longest)
	}
	if strings.Count(log.String(), "are dropped") != 1 {
		t.Errorf("the log says:\n%s", &log)
	}
}

// TestCommitIsToldOfTheWriteBefore: one who waits behind a write that fails need not
// wait for the next.
func TestCommitIsToldOfTheWriteBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := open(t, FileOptions{})
		failed, broken := errors.New("broken"), false
		f.writer.series.write = func(file *os.File, b []byte) (int, error) {
			if broken {
				return file.Write(b)
			}
			broken = true
			time.Sleep(time.Second / 2)
			return 0, failed
		}
		f.Append(allowed(0))
		synctest.Wait()
		began := time.Now()
		if err := f.Commit(t.Context(), allowed(1)); err != failed || time.Since(began) != time.Second/2 {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
		time.Sleep(RetryEvery)
		shut(t, f)
	})
}

// TestFileIntroducesItselfOnce: also where the file is another when the first write is
// tried again.
func TestFileIntroducesItselfOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		f := open(t, FileOptions{Path: path})
		f.writer.series.write = func(file *os.File, _ []byte) (int, error) {
			f.writer.series.write = (*os.File).Write
			return 0, errors.Join(os.Remove(file.Name()), errors.New("broken"))
		}
		f.Append(allowed(0))
		time.Sleep(2 * RetryEvery)
		shut(t, f)
		if r := verified(t, path); r.Lines != 3 {
			t.Errorf("%+v", r)
		}
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
