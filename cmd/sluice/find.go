package main

import (
	"context"
	"strings"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/spelling"
	"github.com/sluice-dev/sluice/tools/upstream"
)

// list returns the tools of the server.
func (s *session) list(ctx context.Context) ([]upstream.Tool, error) {
	list, err := s.client.ListTools(ctx)
	if err != nil {
		return nil, serverError(ctx, err)
	}
	return list, nil
}

// find returns the tool of this name; the error names those that it could have been.
func (s *session) find(ctx context.Context, name string) (*upstream.Tool, error) {
	list, err := s.list(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for i, tool := range list {
		if tool.Name == name {
			return &list[i], nil
		}
		names = append(names, oneLine(tool.Name))
	}
	hint := "`sluice tools` lists them, with the same --url, --config or -- CMD"
	if near := spelling.Near(name, names, maxNear); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, ", ") + "?"
	}
	return nil, usageError(hint, "the server has no tool %q", name)
}

// maxNear is how many names are suggested.
const maxNear = 3
