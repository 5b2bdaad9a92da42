package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/executor/history"
)

// damage is what may be wrong with a file that is there.
var damage = []struct {
	name  string
	spoil func(t *testing.T, path string)
	aside bool
	want  error // where it is not set aside
}{
	{"no database", func(t *testing.T, path string) { overwrite(t, path, 0, bytes.Repeat([]byte("no database "), 1000)) }, true, nil},
	{"torn page", func(t *testing.T, path string) { overwrite(t, path, 10*4096, bytes.Repeat([]byte{0xff}, 4096)) }, true, nil},
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

// TestDamageForSeveral has stores find a damaged file at once: one sets it aside, the
// others follow, and nothing that they write is set aside with it.
func TestDamageForSeveral(t *testing.T) {
	t.Parallel()
	for range 2 {
		path := filepath.Join(t.TempDir(), "x.db")
		before := storeAt(t, path, Options{})
		appendCalls(t, before, 5000)
		if err := before.Close(); err != nil {
			t.Fatal(err)
		}
		execAt(t, path, "PRAGMA wal_checkpoint(TRUNCATE)")
		overwrite(t, path, 10*4096, bytes.Repeat([]byte{0xff}, 4096))
		const stores = 8
		var ready, all sync.WaitGroup
		ready.Add(1)
		for i := range stores {
			s := storeAt(t, path, Options{})
			all.Go(func() {
				ready.Wait()
				s.Append(call(fmt.Sprint(i), 0), nil)
				if err := s.Flush(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		ready.Done()
		all.Wait()
		asides, _ := filepath.Glob(path + ".damaged-*Z")
		entries := collect(t, storeAt(t, path, Options{}).Query(t.Context(), history.Filter{}))
		if len(asides) != 1 || len(entries) != stores {
			t.Errorf("%d files set aside, %d of %d rows in the new one", len(asides), len(entries), stores)
		}
	}
}

// TestDamageForEver gives up on a disk that spoils each file.
func TestDamageForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { damageForEver(t, filepath.Join(t.TempDir(), "x.db")) })
}

func damageForEver(t *testing.T, path string) {
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
		time.Sleep(2 * time.Millisecond) // virtual: names have milliseconds
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
