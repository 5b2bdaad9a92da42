package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/arguments"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/progress"
	"github.com/sluice-dev/sluice/tools/upstream"
)

const toolsLong = `Lists the tools of a server, or shows one of them with its arguments.

` + targetHelp + `

Exit codes: 0 all went well, 1 --timeout was over, 2 wrong arguments, 3 no connection or a
fault of the server, 130 interrupted.`

const toolsExample = `  sluice tools
  sluice tools countdown
  sluice tools --url ws://127.0.0.1:7777/mcp --json
  sluice tools -- npx -y @modelcontextprotocol/server-everything`

type toolsOptions struct {
	target target
	json   bool
}

func newToolsCommand() *cobra.Command {
	var opts toolsOptions
	cmd := &cobra.Command{
		Use:               "tools [NAME] [-- CMD ARGS...]",
		Short:             "List the tools of a server, or show one",
		Long:              toolsLong,
		Example:           toolsExample,
		ValidArgsFunction: opts.complete,
		RunE:              opts.run,
	}
	opts.target.addFlags(cmd)
	cmd.Flags().BoolVar(&opts.json, "json", false, "print JSON, as the server sent it")
	return cmd
}

func (o *toolsOptions) run(cmd *cobra.Command, args []string) error {
	args, err := o.target.split(cmd, args)
	if err != nil {
		return err
	}
	if len(args) > 1 {
		return usageError(helpHint(cmd), "one tool at a time, not %q", args)
	}
	asked, forced, release := untilStopped(cmd.Context())
	defer release()
	start := time.Now()
	s, err := o.target.connect(asked, forced, newScreen(cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	defer s.close(forced)
	ctx, cancel := o.target.bound(asked, start)
	defer cancel()
	if len(args) == 1 {
		tool, err := s.find(ctx, args[0])
		if err != nil {
			return err
		}
		o.printOne(cmd.OutOrStdout(), tool)
		return nil
	}
	list, err := s.list(ctx)
	if err != nil {
		return err
	}
	o.printAll(cmd.OutOrStdout(), list)
	return nil
}

func (o *toolsOptions) complete(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return toolNames(o.target.candidates(cmd), typed), cobra.ShellCompDirectiveNoFileComp
}

func (o *toolsOptions) printAll(w io.Writer, list []upstream.Tool) {
	if o.json {
		all := make([]json.RawMessage, len(list))
		for i, tool := range list {
			all[i] = tool.Raw
		}
		text, _ := json.Marshal(all) // of what has been decoded
		printText(w, indented(text))
		return
	}
	printTable(w, list, columns(w))
}

// printTable prints a line for each tool, cut to width columns where it is not 0.
func printTable(w io.Writer, list []upstream.Tool, width int) {
	if len(list) == 0 {
		fmt.Fprintln(w, "the server has no tools")
		return
	}
	rows := [][2]string{{"TOOL", "ARGUMENTS"}}
	last := []string{"DESCRIPTION"}
	for _, tool := range list {
		rows = append(rows, [2]string{oneLine(tool.Name), usage(tool)})
		last = append(last, summary(tool))
	}
	var widest [2]int
	for _, row := range rows {
		for i, text := range row {
			widest[i] = min(max(widest[i], progress.Columns(text)), maxColumn)
		}
	}
	for i, row := range rows {
		line := pad(row[0], widest[0]) + "  " + pad(row[1], widest[1]) + "  " + last[i]
		if width > 0 {
			line = progress.Cut(line, width)
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

// maxColumn is where the columns before the last are cut.
const maxColumn = 48

func pad(text string, width int) string {
	text = progress.Cut(text, width)
	return text + strings.Repeat(" ", width-progress.Columns(text))
}

// usage words what a tool takes: required arguments as they are, others in brackets.
func usage(tool upstream.Tool) string {
	var words []string
	for _, p := range arguments.Properties(tool.InputSchema) {
		word := oneLine(p.Name)
		if !p.Required {
			word = "[" + word + "]"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// summary returns a line on what a tool does.
func summary(tool upstream.Tool) string {
	for _, text := range []string{tool.Title, tool.Description} {
		if first, _, _ := strings.Cut(strings.TrimSpace(text), "\n"); first != "" {
			return oneLine(first)
		}
	}
	return ""
}
