package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestFileWatchWaitsForRest checks, in virtual time and without being told, when changes
// count: once they have rested, and not where nothing is another than before.
func TestFileWatchWaitsForRest(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	path := filepath.Join(directory, "sluice.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a")
	synctest.Test(t, func(t *testing.T) {
		w := lookingWatch(slog.New(slog.DiscardHandler))
		defer w.close()
		w.follow([]string{path}, takeFingerprint([]string{path}))
		signals := make(chan os.Signal, 1)
		// changed reports whether await returns within d.
		changed := func(d time.Duration) bool {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			return w.await(ctx, signals)
		}
		if changed(time.Minute) {
			t.Error("a file that nobody touches has changed")
		}
		write("ab")
		began := time.Now()
		if !changed(time.Minute) || time.Since(began) > lookEvery+quiet {
			t.Errorf("a change is seen after %v", time.Since(began))
		}
		if changed(time.Minute) {
			t.Error("one change is told twice")
		}

		write("abc")
		for i := range 20 { // somebody writes on and on
			w.collect() // as for an event
			if changed(quiet - 10*time.Millisecond) {
				t.Error("a file that is being written is told of")
			}
			write(strings.Repeat("x", i))
		}
		if w.collect(); !changed(glanceAfter + 2*quiet) {
			t.Error("a file that was written is not told of")
		}

		if err := os.Rename(path, path+"~"); err != nil {
			t.Fatal(err)
		}
		if w.collect(); changed(glanceAfter + quiet/2) {
			t.Error("a file that is gone for a moment is told of")
		}
		if err := os.Rename(path+"~", path); err != nil {
			t.Fatal(err)
		}
		if w.collect(); changed(time.Minute) {
			t.Error("a file that is back as it was is told of")
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if !changed(time.Minute) || changed(time.Minute) {
			t.Error("a file that is gone is not told of once")
		}
		signals <- os.Interrupt
		if !changed(time.Millisecond) {
			t.Error("a signal is not heard")
		}
	})
}

// TestFileWatchSeesEveryKindOfChange checks, on the system's own events, each way in which
// a file becomes another.
func TestFileWatchSeesEveryKindOfChange(t *testing.T) {
	t.Parallel()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(path, text string) { must(os.WriteFile(path, []byte(text), 0o600)) }
	for name, test := range map[string]struct {
		links         bool
		begin, change func(dir string)
	}{
		"written in place": {false, nil, func(dir string) { write(dir+"/c", "next") }},
		"replaced":         {false, nil, func(dir string) { write(dir+"/n", "next"); must(os.Rename(dir+"/n", dir+"/c")) }},
		"replaced by one that looks the same": {false, nil, func(dir string) {
			info, err := os.Stat(dir + "/c")
			must(err)
			write(dir+"/n", "TEXT")
			must(os.Chtimes(dir+"/n", info.ModTime(), info.ModTime()))
			must(os.Rename(dir+"/n", dir+"/c"))
		}},
		"deleted": {false, nil, func(dir string) { must(os.Remove(dir + "/c")) }},
		"created": {false, func(dir string) { must(os.Remove(dir + "/c")) }, func(dir string) { write(dir+"/c", "text") }},
		"the target of a link": {true, func(dir string) {
			must(os.Mkdir(dir+"/far", 0o700))
			must(os.Rename(dir+"/c", dir+"/far/c"))
			must(os.Symlink("far/c", dir+"/c"))
		}, func(dir string) { write(dir+"/far/c", "next") }},
		"a volume of Kubernetes": {true, func(dir string) {
			must(os.Mkdir(dir+"/..1", 0o700))
			must(os.Rename(dir+"/c", dir+"/..1/c"))
			must(os.Symlink("..1", dir+"/..data"))
			must(os.Symlink("..data/c", dir+"/c"))
		}, func(dir string) {
			must(os.Mkdir(dir+"/..2", 0o700))
			write(dir+"/..2/c", "text")
			must(os.Symlink("..2", dir+"/..data_tmp"))
			must(os.Rename(dir+"/..data_tmp", dir+"/..data"))
			must(os.RemoveAll(dir + "/..1"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.links && runtime.GOOS == "windows" {
				t.Skip("links need a privilege")
			}
			dir := t.TempDir()
			path := filepath.Join(dir, "c")
			write(path, "text")
			if test.begin != nil {
				test.begin(dir)
			}
			w := newFileWatch(slog.New(slog.DiscardHandler))
			defer w.close()
			w.look.Stop() // events alone
			w.follow([]string{path}, takeFingerprint([]string{path}))
			test.change(dir)
			ctx, cancel := context.WithTimeout(t.Context(), soon)
			defer cancel()
			if !w.await(ctx, nil) {
				t.Error("nothing is told")
			}
		})
	}
}
