package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/tools/upstream"
)

// wrapPatience is how long a wrapped server may take to start, where --start-timeout does
// not say: nobody else waits for it, and npx may have to download it.
const wrapPatience = time.Minute

const wrapLong = `Puts an MCP server that speaks stdio behind the engine: its tools are called through
queue, timeouts, rate limits, breaker, history and audit log. It is started again when it
ends; calls that it cut off fail at once and say so.

In a desktop client's config, put "sluice wrap --" before the command that is there:
  {"mcpServers": {"files": {"command": "sluice",
    "args": ["wrap", "--", "npx", "-y", "@modelcontextprotocol/server-filesystem", "/srv/docs"]}}}

Without --listen it speaks stdio, as "sluice stdio" does; with it WebSocket, as "sluice serve"
does. The server is given the whole environment, or with --pass-env a few usual variables
and those named. Tools are served, and nothing else that the server may have. Where the
server does not start at all, sluice ends with exit code 3.

For several servers, or limits by tool, write "upstreams:" in a config file.`

type wrapOptions struct {
	serve       serveOptions
	grace       drainFlag
	server      config.Upstream
	startWithin time.Duration
	engine      engineFlags
}

// engineFlags are the flags that stand for keys of a config's engine.
type engineFlags struct {
	timeout, idleTimeout time.Duration
	concurrency, queue   int
	rate, callerRate     string
	history, audit       string
}

func newWrapCommand() *cobra.Command {
	var opts wrapOptions
	cmd := &cobra.Command{
		Use:     "wrap [flags] -- CMD ARGS...",
		Short:   "Put an MCP server that speaks stdio behind the engine",
		Long:    wrapLong,
		Example: "  sluice wrap -- npx -y @modelcontextprotocol/server-everything\n  sluice wrap --timeout 20s --concurrency 4 --listen 127.0.0.1:7777 -- my-server --flag",
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.ArgsLenAtDash() != 0 || len(args) == 0 {
				return usageError("for example `sluice wrap -- npx -y @modelcontextprotocol/server-everything`",
					"after -- comes the command of the server, and nothing before it")
			}
			opts.server.Command = args
			return opts.run(cmd)
		},
	}
	opts.addFlags(cmd)
	return cmd
}

func (o *wrapOptions) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.server.Name, "name", "", "what the server is called in errors, logs and pins (default its `name` for its program)")
	flags.StringVar(&o.server.Prefix, "prefix", "", "put this `text` before the name of each tool")
	flags.StringVar(&o.server.Pins, "pins", "", "serve only tools that are as this `file` has them, and write it where it does not know the server")
	flags.StringArrayVar(&o.server.PassEnv, "pass-env", nil, "give the server this `variable` and the usual few, not the whole environment; may be repeated")
	flags.DurationVar(&o.startWithin, "start-timeout", wrapPatience, "how long the server may take to start")
	o.grace.add(flags, "grace", defaultGrace, "how long running calls may go on at the end, over stdio")
	flags.DurationVar(&o.engine.timeout, "timeout", 0, "how long a call may run (default 30s)")
	flags.DurationVar(&o.engine.idleTimeout, "idle-timeout", 0, "how long a call may run without progress (default any time)")
	flags.IntVar(&o.engine.concurrency, "concurrency", 0, "how many calls run at once (default 64)")
	flags.IntVar(&o.engine.queue, "queue", 0, "how many calls may wait (default 1024)")
	flags.StringVar(&o.engine.rate, "rate", "", "how often tools may be called, such as 20/s (default any `rate`)")
	flags.StringVar(&o.engine.callerRate, "caller-rate", "", "how often each caller may call (default any `rate`)")
	flags.StringVar(&o.engine.history, "history", "", "keep the history of calls in this `file`; off keeps none (default that of the user)")
	flags.StringVar(&o.engine.audit, "audit", "", "write the audit log to this `file` (default none)")
	o.serve.addFlags(cmd)
	flags.Lookup("listen").Usage = "serve WebSocket clients at this `address` instead of stdio: host:port, where port 0 takes a free one, unix:/path or systemd:NAME; may be repeated"
}

func (o *wrapOptions) run(cmd *cobra.Command) error {
	if len(o.serve.listen) == 0 {
		for _, name := range []string{"token-file", "origin", "drain"} {
			if cmd.Flags().Changed(name) {
				return usageError("add --listen", "--%s is for WebSocket clients", name)
			}
		}
	}
	if len(o.serve.listen) > 0 {
		return o.serve.serve(cmd.Context(), source{also: o.serve.files(), load: func() (*config.Config, error) {
			cfg, err := o.config()
			if err != nil {
				return nil, err
			}
			return cfg, o.serve.apply(cfg)
		}}, o.build(cmd.Context()), cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	return serveStdin(cmd.Context(), cmd.InOrStdin(), cmd.ErrOrStderr(), &o.grace, source{load: func() (*config.Config, error) {
		cfg, err := o.config()
		if err != nil {
			return nil, err
		}
		return cfg, o.serve.log.apply(cfg)
	}}, o.build(cmd.Context()))
}

// config returns what the flags come to.
func (o *wrapOptions) config() (*config.Config, error) {
	cfg := config.Starter()
	cfg.Starter = false
	if o.startWithin <= 0 {
		return nil, usageError("write 30s or 2m", "--start-timeout must be more than 0")
	}
	o.server.Name = cmp.Or(o.server.Name, serverName(o.server.Command))
	o.server.StartTimeout = config.Duration(o.startWithin)
	o.server.InheritEnv = o.server.PassEnv == nil
	cfg.Upstreams = []config.Upstream{o.server}
	return cfg, o.engine.apply(&cfg.Engine)
}

// apply writes the flags that were given into the engine's section.
func (f *engineFlags) apply(e *config.Engine) error {
	for name, n := range map[string]int64{
		"timeout": int64(f.timeout), "idle-timeout": int64(f.idleTimeout),
		"concurrency": int64(f.concurrency), "queue": int64(f.queue),
	} {
		if n < 0 {
			return usageError("leave it out for the default", "--%s is negative", name)
		}
	}
	e.Timeout.Value, e.IdleTimeout = config.Duration(f.timeout), config.Duration(f.idleTimeout)
	e.Concurrency, e.Queue.Value = f.concurrency, config.Count(f.queue)
	for name, rate := range map[string]struct {
		text string
		into *config.Rate
	}{"rate": {f.rate, &e.Rate}, "caller-rate": {f.callerRate, &e.CallerRate}} {
		if rate.text == "" {
			continue
		}
		if err := rate.into.UnmarshalText([]byte(rate.text)); err != nil {
			return usageError("write 20/s, 100/m or \"20/s burst 40\"", "--%s: %w", name, err)
		}
	}
	e.Audit.Path = f.audit
	if e.History.Off = f.history == "off"; !e.History.Off {
		e.History.Path = f.history
	}
	return nil
}

// serverName returns what a server is called by its command: the package that npx or the
// like runs, or else the program.
func serverName(command []string) string {
	name := command[0]
	if base := baseName(name); base == "npx" || base == "uvx" || base == "bunx" {
		for _, argument := range command[1:] {
			if !strings.HasPrefix(argument, "-") {
				name = argument
				break
			}
		}
	}
	return baseName(name)
}

func baseName(path string) string { return path[strings.LastIndexAny(path, `/\`)+1:] }

// build makes a host of the wrapped server, once that has started: a client that lists
// its tools would find none before. Its own name and instructions are shown.
func (o *wrapOptions) build(ctx context.Context) builder {
	return func(cfg *config.Config, logger *slog.Logger) (*host, error) {
		h := emptyHost()
		for _, p := range h.startUpstreams(cfg, logger) {
			return nil, usageError("", "%s", p.Message)
		}
		h.settleUpstreams(ctx)
		status := h.upstreams.all()[0].Status()
		if status.State != upstream.StateUp {
			h.closeUpstreams(ctx)
			return nil, &failure{code: exitConnect, err: &remoteError{fmt.Errorf("the server did not start: %w", status.Err)},
				hint: "run it by itself: a server on stdio waits for input and prints nothing else"}
		}
		cfg.Name = cmp.Or(status.Server.Info.Name, o.server.Name)
		cfg.Instructions = status.Server.Instructions
		h.assemble(cfg, logger)
		return h, nil
	}
}
