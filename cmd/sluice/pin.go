package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/upstream"
)

const pinLong = `Connects to the upstreams of a config that have "pins:", shows in what their tools differ
from what was pinned, and pins them as they are now: what was in quarantine is served from
then on, by servers that run too. Read what the tools say first: --check only shows, and its
exit code is 1 where something differs.

Without names, all such upstreams are pinned; an upstream that cannot be reached keeps its
pins, and the exit code is then 3.`

type pinOptions struct {
	config string
	check  bool
}

func newPinCommand() *cobra.Command {
	var opts pinOptions
	cmd := &cobra.Command{
		Use:     "pin [UPSTREAM...]",
		Short:   "Accept the tools of other MCP servers as they are now",
		Long:    pinLong,
		Example: "  sluice pin --config sluice.yaml --check\n  sluice pin --config sluice.yaml files",
		RunE: func(cmd *cobra.Command, args []string) error {
			return opts.run(cmd.Context(), args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	addConfigFlag(cmd.Flags(), &opts.config, "config `file` that has the upstreams")
	cmd.Flags().BoolVar(&opts.check, "check", false, "only show what differs")
	return cmd
}

func (o *pinOptions) run(ctx context.Context, names []string, out, errOut io.Writer) error {
	cfg, err := loadConfig(o.config)
	if err != nil {
		return err
	}
	pinned, err := pinnedUpstreams(cfg, names)
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: slog.LevelError}))
	asked, forced, release := untilStopped(ctx)
	defer release()
	var worst error
	for _, u := range pinned {
		if err := o.pin(asked, forced, u, out, logger); err != nil {
			worst = err
		}
	}
	return worst
}

// pinnedUpstreams returns those of a config that have pins, or of these the named ones.
func pinnedUpstreams(cfg *config.Config, names []string) (pinned []*config.Upstream, err error) {
	var known []string
	for i := range cfg.Upstreams {
		u := &cfg.Upstreams[i]
		if u.Pins == "" {
			continue
		}
		known = append(known, u.Name)
		if len(names) == 0 || slices.Contains(names, u.Name) {
			pinned = append(pinned, u)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, usageError("those with pins are: "+strings.Join(known, ", "), "there is no upstream %q with pins", name)
		}
	}
	if len(known) == 0 {
		return nil, usageError("add `pins: sluice.pins.json` to an upstream of the config", "no upstream has pins")
	}
	return pinned, nil
}

// pin compares one upstream with its pins, and changes these.
func (o *pinOptions) pin(ctx, forced context.Context, c *config.Upstream, out io.Writer, logger *slog.Logger) error {
	spec := upstreamSpec(c, logger)
	if pins, err := spec.Pins.Load(c.Name); err != nil || pins == nil && o.check {
		return orNever(err, out, c.Name)
	}
	u, err := upstream.New(spec, &tools.Registry{})
	if err != nil {
		return err
	}
	u.Start()
	defer u.Close(forced)
	select {
	case <-u.Settled():
	case <-ctx.Done():
		return &failure{code: exitInterrupted, err: context.Cause(ctx)}
	}
	if status := u.Status(); status.State != upstream.StateUp {
		return &failure{code: exitConnect, err: &remoteError{fmt.Errorf("%s: %w", c.Name, status.Err)}}
	}
	changes, err := u.Changes()
	if err != nil {
		return err
	}
	if err := printChanges(out, c.Name, changes); err != nil {
		return err
	}
	if o.check {
		return differs(changes)
	}
	return u.Accept()
}

// orNever says of an upstream that was never seen that it was not, where nothing is wrong.
func orNever(err error, out io.Writer, name string) error {
	if err == nil {
		_, err = fmt.Fprintf(out, "%s: not pinned yet\n", oneLine(name))
	}
	return err
}

func differs(changes []upstream.Change) error {
	if len(changes) == 0 {
		return nil
	}
	return hinted("`sluice pin` without --check accepts them", fmt.Errorf("%s not as pinned", count(len(changes), "tool")))
}

func printChanges(out io.Writer, name string, changes []upstream.Change) error {
	var b strings.Builder
	if len(changes) == 0 {
		fmt.Fprintf(&b, "%s: as pinned\n", oneLine(name))
	}
	for _, c := range changes {
		fmt.Fprintf(&b, "%s: %s is %s", oneLine(name), oneLine(c.Tool), c.Kind)
		if c.Description != "" {
			fmt.Fprintf(&b, ", and says: %s", oneLine(c.Description))
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(out, b.String())
	return err
}
