package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/executor/history"
)

const (
	saysCannot = "WARN the history cannot be written; calls go on, the last records are held in memory"
	saysAgain  = "INFO the history is written again"
	saysAside  = "ERROR THE HISTORY FILE IS OF NO USE: it was set aside and a new one begun"
)

// newLogged returns a store and what it logs.
func newLogged(t *testing.T, path string, opts Options) (*Store, *logger) {
	t.Helper()
	log := &logger{}
	opts.Logger = slog.New(slog.NewJSONHandler(log, nil))
	return storeAt(t, path, opts), log
}

func wantLog(t *testing.T, log *logger, want ...string) {
	t.Helper()
	if got := log.said(); !slices.Equal(got, want) {
		t.Errorf("the log says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// fillDisk lets the file grow no more, which SQLite reports as it does a full disk; it
// returns what makes room again. The store must rest.
func fillDisk(t *testing.T, s *Store, w *writer) (makeRoom func()) {
	t.Helper()
	pages, err := w.file.number("PRAGMA page_count")
	if err != nil {
		t.Fatal(err)
	}
	set := func(pages int64) {
		if _, err := w.file.number(fmt.Sprintf("PRAGMA max_page_count=%d", pages)); err != nil {
			t.Fatal(err)
		}
		s.Health() // takes the lock that the writer takes before it uses the file again
	}
	set(pages)
	return func() { set(1 << 30) }
}

// startWriter is what the first record does, for tests that look at the writer.
func startWriter(s *Store) *writer {
	w := newWriter(s)
	s.start.Do(func() {
		s.started.Store(true)
		go w.run()
	})
	return w
}

// TestFullDisk fills the disk, loses what exceeds the memory, makes room, and waits: the
// store comes back by itself, and says how much was lost.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, log := newLogged(t, filepath.Join(t.TempDir(), "x.db"), Options{Pending: 2 * chunkRows})
		w := startWriter(s)
		appendCalls(t, s, 1)
		makeRoom := fillDisk(t, s, w)
		const n = 5 * chunkRows
		for i := range n {
			s.Append(call(fmt.Sprint("x", i), 0), []byte(`{"a":"`+strings.Repeat("some words ", 20)+`"}`))
			if i%chunkRows == 0 {
				time.Sleep(time.Second)
			}
		}
		time.Sleep(time.Minute)
		h := s.Health()
		written := h.Written // a few may still have found a place
		if h.Err == nil || written > chunkRows/2 || h.Waiting < chunkRows || h.Waiting > 2*chunkRows || int(written+h.Dropped)+h.Waiting != 1+n {
			t.Errorf("on a full disk: %+v", h)
		}
		wantLog(t, log, saysCannot)
		held := collect(t, s.Query(t.Context(), history.Filter{}))
		if len(held) != h.Waiting+int(written) || held[0].ID != fmt.Sprint("x", n-1) || held[len(held)-1].ID != "0" {
			t.Errorf("%d entries to be found on a full disk", len(held))
		}
		makeRoom()
		time.Sleep(maxRetry + time.Second)
		if h = s.Health(); h.Err != nil || h.Written+h.Dropped != 1+n || h.Waiting != 0 {
			t.Errorf("with room again: %+v", h)
		}
		wantLog(t, log, saysCannot, saysAgain)
		lost, err := s.Lost(t.Context(), time.Time{}, time.Time{})
		if err != nil || lost != h.Dropped {
			t.Errorf("%d are lost, %v", lost, err)
		}
		if lost, err = s.Lost(t.Context(), time.Now().Add(time.Hour), time.Time{}); err != nil || lost != 0 {
			t.Errorf("%d are lost in the future, %v", lost, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestNoFile begins where no file can be made, and goes on where it can.
func TestNoFile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "dir")
		if err := os.WriteFile(dir, nil, 0o600); err != nil { // root can write to any directory
			t.Fatal(err)
		}
		s, log := newLogged(t, filepath.Join(dir, "x.db"), Options{})
		for i := range 3 {
			s.Append(call(fmt.Sprint(i), 0), nil)
			time.Sleep(time.Minute)
		}
		if got := ids(collect(t, s.Query(t.Context(), history.Filter{Limit: 2}))); got != "2 1" {
			t.Errorf("in memory: %s", got)
		}
		wantLog(t, log, saysCannot)
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
		time.Sleep(maxRetry + time.Second)
		if h := s.Health(); h.Written != 3 || h.Err != nil {
			t.Errorf("%+v", h)
		}
		wantLog(t, log, saysCannot, saysAgain)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestCloseSaysWhatIsLost(t *testing.T) {
	t.Parallel()
	s, log := newLogged(t, filepath.Join(t.TempDir(), "file", "x.db"), Options{})
	if err := os.WriteFile(filepath.Dir(s.Path()), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.Append(call("a", 0), nil)
	err := s.Close()
	var lost *LostError
	if !errors.As(err, &lost) || lost.Rows != 1 || lost.Err == nil {
		t.Errorf("got %v", err)
	}
	wantLog(t, log, saysCannot, "ERROR records of the history are lost")
}

// TestOverrun drops records while nothing is wrong with the file.
func TestOverrun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, log := newLogged(t, filepath.Join(t.TempDir(), "x.db"), Options{Pending: 10})
		for range 3 {
			for range 1000 {
				s.Append(call("a", 0), nil)
			}
			time.Sleep(time.Second)
		}
		for range 2 {
			time.Sleep(calm + time.Second)
			s.Append(call("a", 0), nil)
			synctest.Wait()
		}
		wantLog(t, log, "WARN the history cannot keep up; calls go on, records are dropped", "INFO the history keeps up again")
		h := s.Health()
		if lost, err := s.Lost(t.Context(), time.Time{}, time.Time{}); err != nil || lost != h.Dropped || lost == 0 {
			t.Errorf("%d are lost, %v: %+v", lost, err, h)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// damage is what may be wrong with a file that is there.
var damage = []struct {
	name  string
	spoil func(t *testing.T, path string)
	aside bool
	want  error // where it is not set aside
}{
	{"no database", func(t *testing.T, path string) { overwrite(t, path, 0, bytes.Repeat([]byte("no database "), 1000)) }, true, nil},
	{"torn page", func(t *testing.T, path string) { overwrite(t, path, 8192, bytes.Repeat([]byte{0xff}, 8192)) }, true, nil},
	{"truncated", func(t *testing.T, path string) {
		if err := os.Truncate(path, 5000); err != nil {
			t.Fatal(err)
		}
	}, true, nil},
	{"later version", func(t *testing.T, path string) { execAt(t, path, "PRAGMA user_version=99") }, true, nil},
	{"another program's", func(t *testing.T, path string) { execAt(t, path, "PRAGMA application_id=1") }, false, ErrForeign},
	{"empty", func(t *testing.T, path string) {
		for _, suffix := range []string{"-wal", "-shm"} {
			if err := os.Remove(path + suffix); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
	}, false, nil},
}

func overwrite(t *testing.T, path string, at int64, with []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(with, at); err != nil {
		t.Fatal(err)
	}
}

func execAt(t *testing.T, path, statement string) {
	t.Helper()
	c, err := openConn(path, "mode=rw")
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if _, err := c.exec(statement); err != nil {
		t.Fatal(err)
	}
}

// TestDamage checks that a file of no use is set aside with all that is in it, and that
// nothing is lost that comes then.
func TestDamage(t *testing.T) {
	t.Parallel()
	for _, test := range damage {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "x.db")
			before := storeAt(t, path, Options{})
			appendCalls(t, before, 500)
			if err := before.Close(); err != nil {
				t.Fatal(err)
			}
			execAt(t, path, "PRAGMA wal_checkpoint(TRUNCATE)")
			test.spoil(t, path)
			spoiled, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s, log := newLogged(t, path, Options{})
			s.Append(call("new", 0), nil)
			if err := s.Flush(t.Context()); !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			asides, _ := filepath.Glob(path + ".damaged-*Z")
			if (len(asides) == 1) != test.aside {
				t.Fatalf("set aside: %q", asides)
			}
			if test.want == nil {
				if got := ids(collect(t, s.Query(t.Context(), history.Filter{}))); got != "new" {
					t.Errorf("found %s", got)
				}
			}
			if test.aside {
				wantLog(t, log, saysAside)
				if kept, err := os.ReadFile(asides[0]); err != nil || !bytes.Equal(kept[:4096], spoiled[:4096]) && test.name != "later version" {
					t.Errorf("%v; it was written to what was set aside", err)
				}
			}
		})
	}
}

// TestDamageWhileOpen checks that a store sets its own file aside, and that another one
// that has it open follows.
func TestDamageWhileOpen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	a, log := newLogged(t, path, Options{})
	b, quiet := newLogged(t, path, Options{})
	for _, s := range []*Store{a, b} {
		appendCalls(t, s, 1000)
	}
	execAt(t, path, "PRAGMA wal_checkpoint(TRUNCATE)")
	overwrite(t, path, 0, bytes.Repeat([]byte{0xff}, 1<<16))
	a.Append(call("a", time.Second), nil)
	flush(t, a)
	b.Append(call("b", 0), nil)
	flush(t, b)
	if got := ids(collect(t, b.Query(t.Context(), history.Filter{}))); got != "b a" {
		t.Errorf("found %.100s", got)
	}
	wantLog(t, log, saysAside)
	wantLog(t, quiet)
}

// TestDamageForEver gives up on a disk that spoils each file.
func TestDamageForEver(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	s, log := newLogged(t, path, Options{})
	for i := range maxAsides + 2 {
		for _, suffix := range []string{"-wal", "-shm"} {
			_ = os.Remove(path + suffix)
		}
		rubbish := filepath.Join(t.TempDir(), "rubbish")
		if err := os.WriteFile(rubbish, bytes.Repeat([]byte("rubbish "), 1000), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(rubbish, path); err != nil {
			t.Skip("an open file cannot be replaced here:", err)
		}
		s.Append(call(fmt.Sprint(i), 0), nil)
		if err := s.Flush(t.Context()); (err != nil) != (i >= maxAsides) {
			t.Errorf("file %d: %v", i, err)
		}
		time.Sleep(2 * time.Millisecond) // names have milliseconds
	}
	wantLog(t, log, saysAside, saysAside, saysAside, saysCannot)
}

// TestDeletedFile begins a new one where somebody has deleted the file.
func TestDeletedFile(t *testing.T) {
	t.Parallel()
	s, log := newLogged(t, filepath.Join(t.TempDir(), "x.db"), Options{})
	appendCalls(t, s, 3)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(s.Path() + suffix); err != nil {
			t.Skip("an open file cannot be deleted here:", err)
		}
	}
	s.Append(call("new", 0), nil)
	if got := ids(collect(t, s.Query(t.Context(), history.Filter{}))); got != "new" {
		t.Errorf("found %s", got)
	}
	wantLog(t, log)
}
