package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/arguments"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/upstream"
	"github.com/sluice-dev/sluice/transport/mcp"
)

const callLong = `Calls a tool, shows how it goes, and prints what it gives back: text on stdout as it is,
everything else on stderr.

Arguments are words, typed by what the tool takes ("sluice tools NAME" shows it):
  text=hello          a string, a number, true or false, or JSON, as the tool has it
  count:=3            JSON, whatever the tool has it
  text=@notes.txt     what the file holds; text=@@home is the text "@home"
  '{"text":"hello"}'  all arguments, as JSON
  -                   all arguments, as JSON from stdin

` + targetHelp + `

On a terminal a bar shows the progress, in a pipe each step is a line on stderr. A terminal
is also told when to try again, where the server says so, and that a result is not fresh but
from the cache. With --json stdout is one JSON document, the result as it was received, and
_meta in it has all that; with --json --progress it is one a line: {"type":"progress"},
{"type":"log"} and at last {"type":"result"}.

Ctrl-C cancels the call on the server; a second one ends at once.

Exit codes: 0 the tool succeeded, 1 it failed, the server refused the call for now or
--timeout was over, 2 wrong arguments or no such tool, 3 no connection or a fault of the
server, 130 interrupted.`

const callExample = `  sluice call echo text=hi
  sluice call countdown from=5
  sluice call countdown from=5 --url ws://127.0.0.1:7777/mcp --json --progress
  sluice call read_file path=/srv/docs/a.txt -- npx -y @modelcontextprotocol/server-filesystem /srv/docs`

type callOptions struct {
	target   target
	json     bool
	progress bool
	output   string
	logLevel string
	priority string
}

func newCallCommand() *cobra.Command {
	var opts callOptions
	cmd := &cobra.Command{
		Use:               "call TOOL [KEY=VALUE... | JSON | -] [-- CMD ARGS...]",
		Short:             "Call a tool, with live progress",
		Long:              callLong,
		Example:           callExample,
		Args:              usageArgs(cobra.MinimumNArgs(1)),
		ValidArgsFunction: opts.complete,
		RunE:              opts.run,
	}
	opts.target.addFlags(cmd)
	cmd.Flags().BoolVar(&opts.json, "json", false, "print the result as JSON, as it was received")
	cmd.Flags().BoolVar(&opts.progress, "progress", false, "with --json, print progress as JSON lines as well")
	cmd.Flags().StringVarP(&opts.output, "output", "o", "", "save the first image, sound or file of the result to `FILE`")
	cmd.Flags().StringVar(&opts.logLevel, "log", "", "show the server's log notes of this `level` and above on stderr: debug, info, warning, error")
	cmd.Flags().StringVar(&opts.priority, "priority", "", "the `class` in which the call waits where the server is a Sluice and busy: interactive, normal or batch (default normal)")
	_ = cmd.RegisterFlagCompletionFunc("priority", cobra.FixedCompletions(
		[]cobra.Completion{"interactive", "normal", "batch"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("log", cobra.FixedCompletions( // fails for an unknown flag only
		[]cobra.Completion{"debug", "info", "warning", "error"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (o *callOptions) run(cmd *cobra.Command, args []string) error {
	args, err := o.check(cmd, args)
	if err != nil {
		return err
	}
	asked, forced, release := untilStopped(cmd.Context())
	defer release()
	errOut := newScreen(cmd.ErrOrStderr())
	start := time.Now()
	s, err := o.target.connect(asked, forced, errOut)
	if err != nil {
		return err
	}
	ctx, cancel := o.target.bound(asked, start)
	defer cancel()
	result, err := o.call(ctx, s, args, cmd.InOrStdin(), cmd.OutOrStdout(), errOut)
	s.close(forced) // which sends what was to be sent: a cancellation as well
	if err != nil {
		return err
	}
	return o.print(result, cmd.OutOrStdout(), errOut)
}

// check checks the flags and returns the arguments without the server's command.
func (o *callOptions) check(cmd *cobra.Command, args []string) ([]string, error) {
	args, err := o.target.split(cmd, args)
	switch {
	case err != nil:
		return nil, err
	case len(args) == 0:
		return nil, usageError(helpHint(cmd), "which tool?")
	case o.progress && !o.json:
		return nil, usageError("progress is shown anyway; add --json to have it as JSON", "--progress goes with --json")
	case o.logLevel != "" && tools.Level(o.logLevel).Severity() < 0:
		return nil, usageError("choose debug, info, notice, warning, error, critical, alert or emergency",
			"there is no log level %q", o.logLevel)
	case o.priority != "" && !isPriority(o.priority):
		return nil, usageError("choose interactive, normal or batch", "there is no priority %q", o.priority)
	}
	return args, nil
}

func isPriority(name string) bool {
	_, err := executor.ParsePriority(name)
	return err == nil
}

// call finds the tool, reads its arguments and calls it.
func (o *callOptions) call(ctx context.Context, s *session, args []string, in io.Reader, out io.Writer, errOut *screen) (*upstream.Result, error) {
	tool, err := s.find(ctx, args[0])
	if err != nil {
		return nil, err
	}
	object, err := arguments.Parse(tool.InputSchema, args[1:], &interruptible{ctx, in})
	if ctx.Err() != nil {
		return nil, serverError(ctx, err)
	}
	if err != nil {
		return nil, usageError(takesHint(tool), "%w", err)
	}
	w := watch(o.view(out, errOut))
	defer w.end()
	result, err := s.client.CallTool(ctx, tool.Name, object, o.callbacks(w))
	if err != nil {
		return nil, o.callError(ctx, tool, err)
	}
	return result, nil
}

// view returns what shows the call while it runs.
func (o *callOptions) view(out io.Writer, errOut *screen) view {
	switch {
	case o.json && o.progress:
		return eventView{out}
	case o.target.quiet:
		return quietView{}
	case errOut.animated():
		return newBarView(errOut, time.Now())
	}
	return lineView{errOut}
}

// callbacks asks the server only for what is shown.
func (o *callOptions) callbacks(w *watcher) upstream.CallOptions {
	opts := upstream.CallOptions{Priority: o.priority}
	if _, quiet := w.view.(quietView); !quiet {
		opts.OnProgress = w.report
		if o.logLevel != "" {
			opts.OnLog, opts.LogLevel = w.note, tools.Level(o.logLevel)
		}
	}
	return opts
}

// callError words what kept the call from a result.
func (o *callOptions) callError(ctx context.Context, tool *upstream.Tool, err error) error {
	refusal, refused := errors.AsType[*upstream.WireError](err)
	cancelled := errors.Is(err, context.Cause(ctx))
	switch {
	case cancelled && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &failure{code: exitFailure, err: fmt.Errorf("cancelled the call on the server after %v", o.target.timeout)}
	case cancelled:
		return &failure{code: exitInterrupted, err: errors.New("cancelled the call on the server")}
	case refused && refusal.Code == mcp.CodeInvalidParams: // as revisions before 2025-11-25 have it
		return usageError(takesHint(tool), "%w", &remoteError{err})
	}
	return serverError(ctx, err)
}

func takesHint(tool *upstream.Tool) string {
	return fmt.Sprintf("`sluice tools %s` shows what it takes", oneLine(tool.Name))
}

// print prints the result. That the tool failed, and whether for its arguments, is the
// exit code.
func (o *callOptions) print(result *upstream.Result, out io.Writer, errOut *screen) error {
	told := outcomeOf(result)
	terminal := isTerminal(errOut) && !o.target.quiet
	switch {
	case o.progress:
		printJSON(out, struct {
			Type   string          `json:"type"`
			Result json.RawMessage `json:"result"`
		}{"result", result.Raw})
	case o.json:
		printText(out, string(result.Raw))
	case result.IsError:
		printResult(errOut, result)
	default:
		printResult(out, result)
	}
	switch {
	case result.IsError && terminal:
		return &failure{code: told.exitCode(), err: errors.New(""), hint: told.hint()}
	case result.IsError:
		return &failure{code: told.exitCode(), err: errors.New("")}
	case terminal && told.note() != "":
		fmt.Fprintln(errOut, paint(errOut, dim, told.note()))
	}
	if o.output != "" {
		return saveBinary(o.output, result)
	}
	return nil
}
