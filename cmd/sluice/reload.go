package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/journal"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/systemd"
)

// A reloader has a running host follow its config: it reads it again on SIGHUP and when
// the file or that of a token changes. One that is bad changes nothing. The methods of a
// nil reloader do nothing: there is no file that could change.
type reloader struct {
	source  source
	host    *host
	service *service // nil over stdio
	logs    *journal.Journal
	log     *slog.Logger // of logs

	asked   chan os.Signal
	first   fingerprint // of the files, before they were read for the start
	release func()      // ends what start began, and waits
	ending  sync.Once

	started *config.Config  // what the process was started with
	made    *keys           // the token of this run; nil where tokens were configured
	served  *config.Config  // what is in force
	left    map[string]bool // the tools of it that could not be served
}

// newReloader returns the reloader of a source that is about to be read for the first
// time, or nil where it cannot change. From now on SIGHUP does not end the process.
func newReloader(s source) *reloader {
	if !s.lasting() {
		return nil
	}
	r := &reloader{source: s, asked: make(chan os.Signal, 1), first: takeFingerprint(s.own())}
	signal.Notify(r.asked, syscall.SIGHUP)
	r.release = func() { signal.Stop(r.asked) }
	return r
}

// load reads the config for the start.
func (r *reloader) load(from source) (*config.Config, error) {
	cfg, err := from.load()
	if err == nil && r != nil {
		r.first = append(r.first, takeFingerprint(filesOf(cfg))...)
	}
	return cfg, err
}

// start follows the config from cfg on, which h and s serve, until ctx is done or stop is
// called. S is nil over stdio.
func (r *reloader) start(ctx context.Context, cfg *config.Config, h *host, s *service, logs *journal.Journal) {
	if r == nil {
		return
	}
	r.logs, r.log = logs, logs.Logger
	h.reload = r
	r.serving(cfg, h, s)
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.run(ctx)
	}()
	r.release = func() {
		signal.Stop(r.asked)
		cancel()
		<-ended
	}
}

// serving tells the reloader what there is.
func (r *reloader) serving(cfg *config.Config, h *host, s *service) {
	r.started, r.served, r.host, r.service = cfg, cfg, h, s
	if s != nil && s.keys.generated != "" {
		r.made = s.keys
	}
	r.left = map[string]bool{}
	for i := range cfg.Tools {
		if _, ok := h.registry.Snapshot().Lookup(cfg.Tools[i].Name); !ok {
			r.left[cfg.Tools[i].Name] = true
		}
	}
}

// stop returns when nothing is changed any more. It may be called again.
func (r *reloader) stop() {
	if r != nil {
		r.ending.Do(func() { r.release() })
	}
}

func (r *reloader) run(ctx context.Context) {
	watch := newFileWatch(r.log)
	defer watch.close()
	paths := r.paths(r.served)
	watch.follow(paths, r.first[:len(paths)])
	for watch.await(ctx, r.asked) {
		seen := takeFingerprint(paths)
		ready := r.reloading()
		next, err := r.again()
		if !takeFingerprint(paths).equal(seen) {
			ready()
			watch.follow(paths, seen) // it was written meanwhile, and is soon read again
			continue
		}
		if err == nil {
			paths = r.paths(next)
			seen = takeFingerprint(paths)
			err = r.apply(next)
		}
		if err != nil {
			r.complain(err)
		}
		ready()
		watch.follow(paths, seen)
	}
}

func (r *reloader) paths(cfg *config.Config) []string {
	if r.service == nil {
		return r.source.own()
	}
	return append(r.source.own(), filesOf(cfg)...)
}

// again reads the config. An empty file is one that somebody is about to write, and not a
// wish to serve nothing.
func (r *reloader) again() (*config.Config, error) {
	if info, err := os.Stat(r.source.path); err == nil && info.Mode().IsRegular() {
		if info.Size() == 0 {
			return nil, fmt.Errorf("%s is empty", r.source.path)
		}
		if err := r.trust(info); err != nil {
			return nil, fmt.Errorf("%s: %w", r.source.path, err)
		}
	}
	return r.source.load()
}

// trust returns an error for a file that others may have written: it names programs to
// run, and nobody has said this time that it shall be served.
func (r *reloader) trust(file os.FileInfo) error {
	var before os.FileInfo
	if len(r.first) > 0 {
		before = r.first[0]
	}
	return isTrusted(file, before)
}

// complain says why the config is not followed, and where in the file.
func (r *reloader) complain(err error) {
	line := 0
	if invalid, ok := errors.AsType[*config.Error](err); ok {
		line = invalid.Problems[0].Line
	}
	r.log.Error("the config is not reloaded and the old one stays", "file", r.source.path, "line", line, "error", err)
}

// apply has the host follow the next config. Where it returns an error nothing has
// changed: all that can fail comes before the first thing that cannot be undone.
func (r *reloader) apply(next *config.Config) error {
	c := changeTo(next, r.served)
	p := &plan{reloader: r, next: next, change: c}
	if err := p.prepare(); err != nil {
		p.abandon()
		return err
	}
	closed := p.commit()
	r.served = next
	r.log.Info("the config is reloaded", "file", r.source.path,
		"tools", len(next.Tools), "tools_changed", len(c.tools), "tools_gone", len(c.goneTools),
		"upstreams_changed", len(c.upstreams), "upstreams_gone", len(c.goneUpstreams), "connections_closed", closed)
	if r.source.path == "" {
		return nil // flags do not change
	}
	for _, key := range fixed(r.started, next) {
		if r.service != nil || !strings.HasPrefix(key, "listen.") {
			r.log.Warn("a key of the config has changed that takes effect at the next start only", "key", key)
		}
	}
	return nil
}

// reloading tells the manager of services that the config is read again, and returns what
// tells that this is over.
func (r *reloader) reloading() (ready func()) {
	if r.service == nil {
		return func() {}
	}
	r.service.tell(systemd.Reloading())
	return func() { r.service.tell(systemd.Ready) }
}
