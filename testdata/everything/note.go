package main

import (
	"context"

	"github.com/sluice-dev/sluice/tools"
)

func logs() *tools.Tool {
	return tools.Func("log", "Logs a note at the levels debug, info and error.",
		func(ctx context.Context, _ noArguments) (string, error) {
			for _, level := range []tools.Level{tools.LevelDebug, tools.LevelInfo, tools.LevelError} {
				tools.Log(ctx, level, "a note at level "+string(level))
			}
			return "logged", nil
		})
}
