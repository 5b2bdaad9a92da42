package main

import (
	"log/slog"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// A host is what a config comes to: the tools, the engine that runs them and the
// server that speaks for them. It is not connected to anything yet.
type host struct {
	registry *tools.Registry
	engine   *executor.Engine
	server   *transport.Server
}

// newHost builds the host of a config. A tool that cannot be served is left out
// with an error in the log, and the others are served.
func newHost(cfg *config.Config, logger *slog.Logger) (*host, error) {
	h := &host{registry: &tools.Registry{}}
	for _, err := range addTools(h.registry, cfg) {
		logger.Error("tool left out", "error", err)
	}
	h.engine = executor.New(executor.Options{
		Registry:    h.registry,
		Concurrency: cfg.Engine.Concurrency,
		Queue:       cfg.Engine.Queue,
		Timeout:     time.Duration(cfg.Engine.Timeout),
		IdleTimeout: time.Duration(cfg.Engine.IdleTimeout),
		Logger:      logger,
	})
	h.server = transport.NewServer(transport.Options{
		Engine:       h.engine,
		Registry:     h.registry,
		Info:         mcp.Implementation{Name: cfg.Name, Version: buildVersion().Version},
		Instructions: cfg.Instructions,
		Logger:       logger,
	})
	return h, nil
}

// addTools registers the tools of a config and returns why those that are missing
// are left out, one error each.
func addTools(registry *tools.Registry, cfg *config.Config) (left []error) {
	var all []*tools.Tool
	if cfg.Starter {
		all = starterTools()
	}
	if joined, ok := registry.Add(all...).(interface{ Unwrap() []error }); ok {
		left = append(left, joined.Unwrap()...)
	}
	return left
}
