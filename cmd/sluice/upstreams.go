package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
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
	if u.Command == nil {
		spec.Remote = &upstream.Remote{URL: u.URL, Token: u.Secret}
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

// startUpstreams begins to connect to the servers of a config, and returns why those
// that are missing are left out. Nobody waits for them: their tools come when they come.
func (h *host) startUpstreams(cfg *config.Config, logger *slog.Logger) (left []config.Problem) {
	for i := range cfg.Upstreams {
		u := &cfg.Upstreams[i]
		started, err := upstream.New(upstreamSpec(u, logger), h.registry)
		if err != nil {
			left = append(left, config.Problem{Line: u.Line, Column: u.Column, Message: err.Error()})
			continue
		}
		started.Start()
		h.upstreams = append(h.upstreams, started)
	}
	return left
}

// settleUpstreams waits until each server has listed its tools, or failed to.
func (h *host) settleUpstreams(ctx context.Context) {
	for _, u := range h.upstreams {
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
	var closing sync.WaitGroup
	for _, u := range h.upstreams {
		closing.Go(func() { u.Close(ctx) })
	}
	closing.Wait()
}
