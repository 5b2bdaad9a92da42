package main

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/identity"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/tracing"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/executor/audit"
	"github.com/sluice-dev/sluice/executor/history/sqlite"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/command"
	"github.com/sluice-dev/sluice/tools/httpcall"
	"github.com/sluice-dev/sluice/transport"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// A host is what a config comes to: the tools, the engine that runs them and the
// server that speaks for them. It is not connected to anything yet.
type host struct {
	registry *tools.Registry
	engine   *executor.Engine
	server   *transport.Server
	audit    *audit.File   // nil where none is configured
	history  *sqlite.Store // nil where none is kept
	memory   *pressure     // nil where there is no limit

	traces *tracing.Provider // nil where calls are not traced

	auditRequired bool // no call is served that audit cannot take

	killed chan struct{} // closed when programs are to end at once
	kill   func()        // closes it

	localCaller string // who calls over stdio; empty for whoever may do anything

	callers   atomic.Pointer[identity.Callers] // what each may do
	upstreams upstreams
	reload    *reloader // nil where the config stays as it is
}

// A builder makes the host of a config.
type builder func(*config.Config, *slog.Logger) (*host, error)

// emptyHost is a host without tools that is not assembled yet.
func emptyHost() *host {
	setPace()
	h := &host{registry: &tools.Registry{}, killed: make(chan struct{})}
	h.kill = sync.OnceFunc(func() { close(h.killed) })
	return h
}

// newHost builds the host of a config. A tool that cannot be served is left out
// with an error in the log, and the others are served.
func newHost(cfg *config.Config, logger *slog.Logger) (*host, error) {
	h := emptyHost()
	if cfg.Starter {
		if err := h.registry.Add(starterTools()...); err != nil {
			return nil, fmt.Errorf("the built-in tools: %w", err)
		}
	}
	for _, p := range addTools(h.registry, cfg, h.killed) {
		logger.Error("a tool is left out", "line", p.Line, "error", p.Message)
	}
	for _, p := range h.startUpstreams(cfg, logger) {
		logger.Error("an upstream is left out", "line", p.Line, "error", p.Message)
	}
	h.assemble(cfg, logger)
	return h, nil
}

// assemble makes the engine for the tools in the registry, and the server that speaks for
// it.
func (h *host) assemble(cfg *config.Config, logger *slog.Logger) {
	options := engineOptions(&cfg.Engine)
	options.Registry, options.Logger = h.registry, logger
	h.permit(&options, &cfg.Auth)
	h.memory = newPressure(logger)
	h.memory.bound(&options)
	h.openHistory(&cfg.Engine.History, &options)
	h.openAudit(&cfg.Engine.Audit, &options)
	h.openTraces(cfg, &options)
	h.engine = executor.New(options)
	h.server = transport.NewServer(transport.Options{
		Engine:       h.engine,
		Registry:     h.registry,
		Info:         mcp.Implementation{Name: cfg.Name, Version: buildVersion().Version},
		Instructions: cfg.Instructions,
		Logger:       logger,
	})
}

// addTools registers the tools of a config and returns why those that are missing
// are left out. Their programs end when killed is closed.
func addTools(registry *tools.Registry, cfg *config.Config, killed <-chan struct{}) (left []config.Problem) {
	for i := range cfg.Tools {
		t := &cfg.Tools[i]
		tool, err := newTool(t, killed)
		if err == nil {
			err = registry.Add(tool)
		}
		if err != nil {
			left = append(left, config.Problem{Line: t.Line, Column: t.Column, Message: err.Error()})
		}
	}
	return left
}

// newTool makes the tool that a config describes.
func newTool(t *config.Tool, killed <-chan struct{}) (*tools.Tool, error) {
	if t.HTTP == nil {
		hideEnv(t.Env, t.PassEnv)
		spec := commandSpec(t)
		spec.Kill = killed
		return command.New(spec)
	}
	spec, err := httpSpec(t)
	if err != nil {
		return nil, err
	}
	return httpcall.New(spec)
}

// checkTool returns what stands in the way of a tool's calls as things are now.
func checkTool(t *config.Tool) error {
	if t.HTTP == nil {
		return commandSpec(t).Check()
	}
	spec, err := httpSpec(t)
	if err != nil {
		return err
	}
	return spec.Check()
}

// commandSpec says in the terms of package command what the config says of a tool.
func commandSpec(t *config.Tool) command.Spec {
	return command.Spec{
		Definition: definition(t),
		Limits:     limits(t),
		Args:       t.Command,
		Stdin:      t.Stdin,
		Stream:     t.Stream,
		Dir:        t.Dir,
		Env:        t.Env,
		PassEnv:    t.PassEnv,
		Output:     int64(t.Limits.Output),
		AllowDash:  t.AllowDash,
		Pattern:    t.Pattern,
		Sandbox:    command.Sandbox(t.Sandbox),
		Resources:  resources(&t.Limits),
		NoNetwork:  t.Network == "none",
		Read:       t.Read,
		Write:      t.Write,
	}
}

func resources(l *config.Limits) command.Resources {
	return command.Resources{
		CPU:          time.Duration(l.CPU),
		CPUs:         l.CPUs,
		Memory:       int64(l.Memory),
		AddressSpace: int64(l.AddressSpace),
		Processes:    int64(l.Processes.Value),
		Files:        int64(l.Files),
		FileSize:     int64(l.FileSize),
	}
}

func definition(t *config.Tool) tools.Definition {
	return tools.Definition{
		Name:         t.Name,
		Title:        t.Title,
		Description:  t.Description,
		InputSchema:  t.Input,
		OutputSchema: t.Output,
		Annotations:  annotations(t.Annotations),
	}
}

func annotations(a *config.Annotations) *tools.ToolAnnotations {
	if a == nil {
		return nil
	}
	return &tools.ToolAnnotations{
		ReadOnlyHint:    a.ReadOnlyHint,
		DestructiveHint: a.DestructiveHint,
		IdempotentHint:  a.IdempotentHint,
		OpenWorldHint:   a.OpenWorldHint,
	}
}
