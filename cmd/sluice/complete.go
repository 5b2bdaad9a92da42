package main

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/arguments"
	"github.com/sluice-dev/sluice/tools/upstream"
)

// completeWithin is how long a shell waits for completions.
const completeWithin = 2 * time.Second

// complete completes the name of a tool and then its arguments.
func (o *callOptions) complete(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	list := o.target.candidates(cmd)
	if len(args) == 0 {
		return toolNames(list, typed), cobra.ShellCompDirectiveNoFileComp
	}
	for _, tool := range list {
		if tool.Name == args[0] {
			return argumentKeys(tool, args[1:], typed), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		}
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// candidates lists the tools of the server, or none where that fails or takes long:
// whoever completes wants no explanations.
func (t *target) candidates(cmd *cobra.Command) []upstream.Tool {
	ctx, cancel := context.WithTimeout(cmd.Context(), completeWithin)
	defer cancel()
	quiet := *t
	quiet.quiet = true
	s, err := quiet.connect(ctx, ctx, newScreen(io.Discard))
	if err != nil {
		return nil
	}
	defer s.close(ctx)
	list, _ := s.client.ListTools(ctx)
	return list
}

func toolNames(list []upstream.Tool, typed string) []cobra.Completion {
	var found []cobra.Completion
	for _, tool := range list {
		if strings.HasPrefix(tool.Name, typed) {
			found = append(found, cobra.CompletionWithDesc(oneLine(tool.Name), summary(tool)))
		}
	}
	return found
}

// argumentKeys offers the arguments of a tool that are not given yet.
func argumentKeys(tool upstream.Tool, given []string, typed string) []cobra.Completion {
	has := map[string]bool{}
	for _, word := range given {
		key, _, _ := strings.Cut(word, "=")
		has[strings.TrimSuffix(key, ":")] = true
	}
	var found []cobra.Completion
	for _, p := range arguments.Properties(tool.InputSchema) {
		if !has[p.Name] && strings.HasPrefix(p.Name, typed) {
			found = append(found, cobra.CompletionWithDesc(oneLine(p.Name)+"=", p.Type))
		}
	}
	return found
}
