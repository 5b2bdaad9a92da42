package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/executor/history"
)

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
