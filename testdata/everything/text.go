package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluice-dev/sluice/tools"
)

// noArguments is the input of the tools that take none.
type noArguments struct{}

type echoInput struct {
	Message string `json:"message" jsonschema:"description=What to give back."`
}

func echo() *tools.Tool {
	return tools.Func("echo", "Gives the message back.",
		func(_ context.Context, in echoInput) (string, error) { return in.Message, nil })
}

// maxText is the most that big returns: well past every message limit, so that a
// suite can ask for more than a client takes.
const maxText = 64 << 20

type bigInput struct {
	Bytes int `json:"bytes" jsonschema:"minimum=0,maximum=67108864,description=How many bytes of text to return."`
}

func big() *tools.Tool {
	tool := tools.Func("big", "Returns that many bytes of text.",
		func(_ context.Context, in bigInput) (string, error) {
			if in.Bytes < 0 || in.Bytes > maxText {
				return "", tools.Errorf("bytes must be 0 to %d", maxText)
			}
			return strings.Repeat("x", in.Bytes), nil
		})
	tool.Limits.ResultBytes = maxText
	return tool
}

// fillers pad the list of tools to more than one page.
func fillers(count int) []*tools.Tool {
	list := make([]*tools.Tool, count)
	for i := range list {
		name := fmt.Sprintf("filler_%02d", i)
		list[i] = named(name, "Fills the list of tools; returns its own name.")
	}
	return list
}

// named is a tool that returns its own name.
func named(name, description string) *tools.Tool {
	return tools.Func(name, description,
		func(context.Context, noArguments) (string, error) { return name, nil })
}
