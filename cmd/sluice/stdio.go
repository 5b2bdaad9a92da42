package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/identity"
	"github.com/sluice-dev/sluice/transport"
	"github.com/sluice-dev/sluice/transport/stdio"
)

// defaultGrace is how long running calls may go on when stdin has ended or the process
// is asked to stop. Clients wait for about as long before they kill.
const defaultGrace = 5 * time.Second

const stdioLong = `Speaks MCP on stdin and stdout, one JSON message a line. This is what a desktop client
launches; logs go to stderr.

In the client's config:
  {"mcpServers": {"sluice": {"command": "sluice", "args": ["stdio", "--config", "/a/sluice.yaml"]}}}

The end of stdin, SIGTERM or Ctrl-C ends it: running calls may finish within 5 s and are
answered (--grace), then it exits with 0. A second signal ends it at once. When the client closes
its end of stdout, running calls are cancelled and the exit code is 1; on Windows that is
noticed at the next write. The end of the process that started it is as the end of stdin: it
is noticed within 5 s where stdin stays open.

The user who started it may call every tool. --caller holds calls to what the config lets a
caller of that name do, for a client that shall have less.

With --config, SIGHUP or a change of the file reads it again: tools, upstreams, callers and the
limits of the engine follow, running calls end on what they started with, and a bad file changes
nothing. Without --config SIGHUP is as SIGTERM.`

type stdioOptions struct {
	config string
	grace  drainFlag
	caller string
	log    logFlags
}

func newStdioCommand() *cobra.Command {
	var opts stdioOptions
	cmd := &cobra.Command{
		Use:     "stdio",
		Short:   "Speak MCP on stdin and stdout: what a desktop client launches",
		Long:    stdioLong,
		Example: "  sluice stdio\n  sluice stdio --config sluice.yaml",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return opts.run(cmd.Context(), cmd.InOrStdin(), cmd.ErrOrStderr())
		},
	}
	addConfigFlag(cmd.Flags(), &opts.config, servedConfig)
	opts.grace.add(cmd.Flags(), "grace", defaultGrace, "how long running calls may go on at the end")
	cmd.Flags().StringVar(&opts.caller, "caller", "", "hold calls to what auth.callers of the config lets the caller of this `name` do (default: anything)")
	opts.log.add(cmd)
	return cmd
}

// run serves the process's own stdout, whatever the command was given: nothing else
// may write there, so it is taken before anything is done that could.
func (o *stdioOptions) run(ctx context.Context, in io.Reader, errOut io.Writer) error {
	return serveStdin(ctx, in, errOut, &o.grace, source{o.config, nil, func() (*config.Config, error) {
		cfg, err := loadConfig(o.config)
		if err != nil {
			return nil, err
		}
		return cfg, o.log.apply(cfg)
	}}, o.build)
}

// build builds the host of a config, for the caller that was named. One of whom nothing is
// said could do anything, which nobody means who names it.
func (o *stdioOptions) build(cfg *config.Config, logger *slog.Logger) (*host, error) {
	if o.caller != "" && !identity.NewCallers(&cfg.Auth).Know(o.caller) {
		return nil, usageError("auth.callers of the config says what callers may do", "--caller %q: nothing is said of such a caller", o.caller)
	}
	h, err := newHost(cfg, logger)
	if h != nil {
		h.localCaller = o.caller
	}
	return h, err
}

// serveStdin serves the host that build makes of what from has on stdin and stdout.
func serveStdin(ctx context.Context, in io.Reader, errOut io.Writer, grace *drainFlag, from source, build builder) error {
	out, err := stdio.TakeStdout()
	if err != nil {
		return err
	}
	defer out.Close()
	reload := newReloader(from)
	defer reload.stop()
	cfg, err := reload.load(from)
	if err != nil {
		return err
	}
	logs := newJournal(errOut, cfg)
	defer logs.Close()
	logger := logs.Logger
	h, err := build(cfg, logger)
	if err != nil {
		return err
	}
	logContainment(cfg, logger)
	h.memory.announce()
	if isTerminal(in) {
		fmt.Fprint(errOut, terminalHint)
	}
	asked, forced, release := untilSignalled(ctx, reload.stopSignals())
	defer release()
	asked, stop := untilOrphaned(asked)
	defer stop()
	reload.start(asked, cfg, h, nil, logs)
	return h.serveStdio(asked, forced, in, out, grace.of(cfg), logger)
}

const terminalHint = `sluice speaks MCP here: one JSON message a line, from a program rather than a person.
To try the tools by hand, run ` + "`sluice call countdown from=5`" + `. Ctrl-D ends this.
`

// serveStdio serves one client until it ends its side or the process is asked to stop.
func (h *host) serveStdio(asked, forced context.Context, in io.Reader, out *os.File, grace time.Duration, logger *slog.Logger) error {
	heard, stop := stdio.UntilHangup(forced, out)
	defer stop()
	defer newRester().start()()
	stream := stdio.New(in, out, stdio.Options{})
	served := make(chan error, 1)
	go func() {
		served <- h.server.Serve(heard, stream, transport.Peer{Transport: "stdio", Caller: h.localCaller, Grace: grace})
	}()
	select {
	case err := <-served:
		h.await(forced, logger)
		return err
	case <-asked.Done():
		logger.Info("stopping", "cause", context.Cause(asked))
		if err := h.shutDown(forced, grace, logger); err != nil {
			return err
		}
		return <-served
	}
}
