package main

import (
	"context"

	"github.com/sluice-dev/sluice/tools"
)

func fail() *tools.Tool {
	return tools.Func("fail", "Fails in its own terms.",
		func(context.Context, noArguments) (*tools.Result, error) {
			return tools.ErrorResult("failed, as asked"), nil
		})
}

func panics() *tools.Tool {
	return tools.Func("panic", "Panics.",
		func(context.Context, noArguments) (string, error) { panic("as asked") })
}
