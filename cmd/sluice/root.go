package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

const rootLong = `Sluice serves tools to MCP clients (Model Context Protocol): programs and Go
functions behind an engine that bounds, times and supervises every call.

Try this first:
  sluice call countdown from=5      call a built-in tool, with live progress
  sluice serve                      serve the built-in tools over WebSocket
  sluice stdio                      what a desktop client launches
  sluice top                        what a running server does, live
  sluice history                    what was called, and how it went
  sluice schema                     what a config file may hold
  sluice check --config sluice.yaml see whether yours is right

Exit codes: 0 all went well, 1 something failed while running, 2 wrong usage or an
invalid config; "sluice call" has some more.`

// newRoot returns the whole command tree.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:                        "sluice",
		Short:                      "A tool server for the Model Context Protocol",
		Long:                       rootLong,
		Args:                       unknownCommand,
		SilenceUsage:               true,
		SilenceErrors:              true,
		SuggestionsMinimumDistance: 2,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError(helpHint(cmd), "%w", err)
	})
	root.AddCommand(
		newStdioCommand(), newServeCommand(), newToolsCommand(), newCallCommand(),
		newWrapCommand(), newConnectCommand(), newTopCommand(), newPinCommand(), newCheckCommand(), newSchemaCommand(),
		newVersionCommand(), newDoctorCommand(), newHistoryCommand(), newAuditCommand(),
		newImportCommand(), newInstallCommand(), newBundleCommand(), newHealthCommand(), newTokenCommand(),
	)
	return root
}

// unknownCommand refuses what is no command, with the nearest ones as a hint.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "`sluice --help` lists the commands"
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("did you mean `sluice %s`?", strings.Join(near, "` or `sluice "))
	}
	return usageError(hint, "unknown command %q", args[0])
}

// run executes one command line and returns the exit code. It is main without the
// process, so that tests can drive it.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root := newRoot()
	printed := &output{w: out}
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(printed)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	code := report(errOut, err)
	if !errors.Is(err, printed.lost) {
		code = max(code, report(errOut, printed.lost))
	}
	return code
}
