package main

import (
	"context"

	"github.com/sluice-dev/sluice/tools"
)

type addInput struct {
	A float64 `json:"a"`
	B float64 `json:"b"`
}

type addOutput struct {
	Sum float64 `json:"sum"`
}

func add() *tools.Tool {
	return tools.Func("add", "Adds two numbers.",
		func(_ context.Context, in addInput) (addOutput, error) {
			return addOutput{Sum: in.A + in.B}, nil
		})
}
