package main

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/sluice-dev/sluice/tools"
)

// mutate adds a tool of a new name to the registry that serves it, which tells
// every subscribed client that the list has changed.
func mutate(registry *tools.Registry) *tools.Tool {
	var count atomic.Int64
	return tools.Func("mutate", "Adds a tool to the list; returns its name.",
		func(context.Context, noArguments) (string, error) {
			name := fmt.Sprintf("mutant_%d", count.Add(1))
			if err := registry.Add(named(name, "Was added by mutate; returns its own name.")); err != nil {
				return "", err
			}
			return name, nil
		})
}
