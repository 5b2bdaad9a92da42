package tools

import (
	"context"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// named returns a tool that answers with its name.
func named(name string) *Tool {
	return &Tool{Definition: Definition{Name: name}, Handler: HandlerFunc(func(context.Context, *Call) (*Result, error) {
		return TextResult(name), nil
	})}
}
