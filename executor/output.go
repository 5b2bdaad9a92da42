package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/schema"
	"github.com/sluice-dev/sluice/tools"
)

// ErrInvalidOutput is wrapped by the error of a call whose result cannot be given
// to the caller, of kind [KindInvalidOutput]: its structured content is not valid
// JSON, does not fit the tool's output schema or is missing where there is one; a
// block of content is nil; or there is no result at all.
var ErrInvalidOutput = errors.New("the tool's output does not fit its schema")

// checkOutput lets no result through that breaks what the tool has promised
// (specification 2026-07-28, server/tools, "Output Schema"). A result with IsError
// need not have structured content.
func checkOutput(next Handler) Handler {
	return func(ctx context.Context, x *Execution) (*tools.Result, error) {
		result, err := next(ctx, x)
		if err != nil {
			return nil, err
		}
		if err := fits(result, x.Entry.Output); err != nil {
			return nil, x.fail(KindInvalidOutput, fmt.Errorf("%w: %w", ErrInvalidOutput, err))
		}
		return result, nil
	}
}

func fits(result *tools.Result, output *schema.Schema) error {
	if slices.Contains(result.Content, nil) {
		return errors.New("a block of content is nil")
	}
	switch {
	case output == nil || result.IsError:
		if len(result.Structured) > 0 && !jsontext.Value(result.Structured).IsValid() {
			return errors.New("the structured content is not valid JSON")
		}
		return nil
	case len(result.Structured) == 0:
		return errors.New("there is an output schema and no structured content")
	}
	value, err := schema.Decode(result.Structured)
	if err != nil {
		return err
	}
	return output.Validate(value)
}
