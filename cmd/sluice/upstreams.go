package main

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools/upstream"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// lastCalls is how long the connections to other servers may take to end in order: it
// leaves programs that ignore the end of stdin and SIGTERM the 4 s until they are killed.
const lastCalls = 5 * time.Second

// upstreamSpec says in the terms of package upstream what the config says of a server.
func upstreamSpec(u *config.Upstream, logger *slog.Logger) upstream.Spec {
	spec := upstream.Spec{
		Name:         u.Name,
		Prefix:       u.Prefix,
		StartTimeout: time.Duration(u.StartTimeout),
		Info:         mcp.Implementation{Name: "sluice", Version: buildVersion().Version},
		Logger:       logger,
		Limits: limits(&config.Tool{
			Timeout:      u.Timeout,
			IdleTimeout:  u.IdleTimeout,
			Concurrency:  u.Concurrency,
			QueueTimeout: u.QueueTimeout,
			Rate:         u.Rate,
			CallerRate:   u.CallerRate,
			Breaker:      u.Breaker,
		}),
	}
	if u.Pins != "" {
		spec.Pins = pinFile(u.Pins)
	}
	hideEnv(u.Env, u.PassEnv)
	if u.Command == nil {
		spec.Remote = &upstream.Remote{URL: u.URL, Token: hiding(u.Secret)}
		return spec
	}
	spec.Program = &upstream.Program{Args: u.Command, Env: u.Env, PassEnv: u.PassEnv, InheritEnv: u.InheritEnv, Dir: u.Dir}
	return spec
}

var pinFiles sync.Map // of *upstream.PinFile, by path

// pinFile returns the file of pins at path: upstreams that share it must not write it
// at once.
func pinFile(path string) *upstream.PinFile {
	file, _ := pinFiles.LoadOrStore(path, &upstream.PinFile{Path: path})
	return file.(*upstream.PinFile)
}

// upstreams are the servers that are connected to.
type upstreams struct {
	mu      sync.Mutex // guards what follows
	current []*upstream.Upstream
	leaving []*upstream.Upstream // closed when the last of their calls has ended
	needed  map[string]bool      // by name: those without which the server is not ready

	over context.Context // ends when all are to be closed; nil until one leaves
	end  context.CancelFunc

	closing sync.WaitGroup // of those that leave
}

// all returns those that are in use.
func (s *upstreams) all() []*upstream.Upstream {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.current)
}

// require says which of the servers of a config the host is not ready without.
func (s *upstreams) require(list []config.Upstream) {
	needed := map[string]bool{}
	for _, u := range list {
		if u.Required {
			needed[u.Name] = true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.needed = needed
}

// required returns the names that require has set. They must not be changed.
func (s *upstreams) required() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.needed
}

// missing returns the names of those that are required and were left out.
func (s *upstreams) missing() []string {
	missing := maps.Clone(s.required())
	for _, u := range s.all() {
		delete(missing, u.Status().Name)
	}
	return slices.Sorted(maps.Keys(missing))
}

// add starts a server and takes it in.
func (s *upstreams) add(u *upstream.Upstream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.Start()
	s.current = append(s.current, u)
}

// remove takes out the server of this name, and its tools with it. Its connection ends
// with the last of the engine's calls that were made to them.
func (s *upstreams) remove(name string, engine *executor.Engine) {
	u, over := s.take(name)
	if u == nil {
		return // it was left out
	}
	u.Withdraw()
	s.closing.Go(func() {
		_ = engine.Barrier(over) // calls that wait are not known to the server
		u.Close(context.Background())
		s.mu.Lock()
		defer s.mu.Unlock()
		s.leaving = slices.DeleteFunc(s.leaving, func(other *upstream.Upstream) bool { return other == u })
	})
}

func (s *upstreams) take(name string) (u *upstream.Upstream, over context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.current, func(u *upstream.Upstream) bool { return u.Status().Name == name })
	if i < 0 {
		return nil, nil
	}
	if s.over == nil {
		s.over, s.end = context.WithCancel(context.Background())
	}
	u = s.current[i]
	s.current = slices.Delete(s.current, i, i+1)
	s.leaving = append(s.leaving, u)
	return u, s.over
}

// close ends all connections when ctx is done, or the calls on them have ended.
func (s *upstreams) close(ctx context.Context) {
	s.mu.Lock()
	if s.end != nil {
		s.end()
	}
	open := slices.Concat(s.current, s.leaving)
	s.mu.Unlock()
	var closing sync.WaitGroup
	for _, u := range open {
		closing.Go(func() { u.Close(ctx) })
	}
	closing.Wait()
	s.closing.Wait()
}

// startUpstreams begins to connect to the servers of a config, and returns why those
// that are missing are left out. Nobody waits for them: their tools come when they come.
func (h *host) startUpstreams(cfg *config.Config, logger *slog.Logger) (left []config.Problem) {
	h.upstreams.require(cfg.Upstreams)
	for i := range cfg.Upstreams {
		u := &cfg.Upstreams[i]
		made, err := upstream.New(upstreamSpec(u, logger), h.registry)
		if err != nil {
			left = append(left, config.Problem{Line: u.Line, Column: u.Column, Message: err.Error()})
			continue
		}
		h.upstreams.add(made)
	}
	return left
}

// settleUpstreams waits until each server has listed its tools, or failed to.
func (h *host) settleUpstreams(ctx context.Context) {
	for _, u := range h.upstreams.all() {
		select {
		case <-u.Settled():
		case <-ctx.Done():
		}
	}
}

// closeUpstreams ends the connections to other servers, and the programs of these.
func (h *host) closeUpstreams(forced context.Context) {
	ctx, cancel := context.WithTimeout(forced, lastCalls)
	defer cancel()
	h.upstreams.close(ctx)
}
