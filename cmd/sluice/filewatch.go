package main

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// quiet is how long files must have stayed as they are before they are read: who
	// writes one in pieces, or deletes it to put another in its place, is done by then.
	quiet = 200 * time.Millisecond
	// lookEvery is how often files are looked at all the same. Network file systems
	// tell nothing, and a link far above a file is in no directory that is watched.
	lookEvery = 5 * time.Second
	// glanceAfter is how long events are collected until the files are looked at: an
	// audit log in the same directory has thousands in a second.
	glanceAfter = 50 * time.Millisecond
)

// A fileWatch tells when files have changed and come to rest. It is used by one goroutine.
type fileWatch struct {
	notify *fsnotify.Watcher // nil where there is none: then only the looks see changes
	log    *slog.Logger

	paths []string
	known fingerprint // what was told last
	last  fingerprint // what was seen last
	rest  *time.Timer // runs out when that has stayed for long enough
	look  *time.Ticker

	glance   *time.Timer // runs out when events have been collected
	glancing bool        // it runs
}

func newFileWatch(logger *slog.Logger) *fileWatch {
	w := lookingWatch(logger)
	var err error
	if w.notify, err = fsnotify.NewWatcher(); err != nil {
		logger.Info(slow, "error", err)
	}
	return w
}

const slow = "changes of the config are seen after some seconds only"

// lookingWatch returns a fileWatch that is told nothing and sees all by itself.
func lookingWatch(logger *slog.Logger) *fileWatch {
	w := &fileWatch{
		log: logger, look: time.NewTicker(lookEvery),
		rest: time.NewTimer(quiet), glance: time.NewTimer(glanceAfter),
	}
	w.rest.Stop()
	w.glance.Stop()
	return w
}

func (w *fileWatch) close() {
	w.rest.Stop()
	w.glance.Stop()
	w.look.Stop()
	if w.notify != nil {
		w.notify.Close() // nothing is lost
	}
}

// follow makes paths the files that are watched. They count as changed where they are no
// longer as seen.
func (w *fileWatch) follow(paths []string, seen fingerprint) {
	w.paths, w.known, w.last = paths, seen, seen
	w.inspect()
}

// await returns when the files have changed and come to rest, or a signal came. It
// returns false when ctx is done.
func (w *fileWatch) await(ctx context.Context, signals <-chan os.Signal) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-signals:
			return true
		case <-w.events():
			w.collect()
		case <-w.faults():
			w.collect()
		case <-w.glance.C:
			w.glancing = false
			w.inspect()
		case <-w.look.C:
			w.inspect()
		case <-w.rest.C:
			if w.rested() {
				return true
			}
		}
	}
}

func (w *fileWatch) collect() {
	if !w.glancing {
		w.glancing = true
		w.glance.Reset(glanceAfter)
	}
}

// inspect looks at the files. Where they have changed the time to rest begins anew.
func (w *fileWatch) inspect() {
	w.enlist()
	if now := takeFingerprint(w.paths); !now.equal(w.last) {
		w.last = now
		w.rest.Reset(quiet)
	}
}

// rested reports, when the time to rest is over, whether it was a rest and the files are
// others than those that were told last.
func (w *fileWatch) rested() bool {
	now := takeFingerprint(w.paths)
	if !now.equal(w.last) {
		w.last = now
		w.rest.Reset(quiet)
		return false
	}
	changed := !now.equal(w.known)
	w.known = now
	return changed
}

// enlist watches the directories that matter, which may have become others.
func (w *fileWatch) enlist() {
	if w.notify == nil {
		return
	}
	wanted, watched := directoriesOf(w.paths), w.notify.WatchList()
	for _, directory := range watched {
		if !slices.Contains(wanted, directory) {
			_ = w.notify.Remove(directory) // it may be gone
		}
	}
	for _, directory := range wanted {
		if slices.Contains(watched, directory) {
			continue
		}
		if err := w.notify.Add(directory); err != nil {
			w.log.Info(slow, "directory", directory, "error", err)
		}
	}
}

// events are what the system tells of the directories; they are all the same to us.
func (w *fileWatch) events() <-chan fsnotify.Event {
	if w.notify == nil {
		return nil
	}
	return w.notify.Events
}

// faults are those of events, such as too many at once; the next look makes up for them.
func (w *fileWatch) faults() <-chan error {
	if w.notify == nil {
		return nil
	}
	return w.notify.Errors
}
