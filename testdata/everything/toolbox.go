package main

import (
	"fmt"

	"github.com/sluice-dev/sluice/tools"
)

// newToolbox returns a registry with every tool of this server.
func newToolbox() (*tools.Registry, error) {
	registry := new(tools.Registry)
	all := []*tools.Tool{
		echo(), add(), sleep(), fail(), logs(), mutate(registry), big(), panics(), stubborn(),
	}
	all = append(all, fillers(25)...)
	all = append(all, conformance()...)
	if err := registry.Add(all...); err != nil {
		return nil, fmt.Errorf("add the tools: %w", err)
	}
	return registry, nil
}
