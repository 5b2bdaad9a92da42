package executor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sluice-dev/sluice/schema"
	"github.com/sluice-dev/sluice/tools"
)

// ErrInvalidArguments is wrapped by the error of a call whose arguments do not fit
// the tool's input schema, of kind [KindInvalidArguments]. A
// [*schema.ValidationError] with every violation is in the same chain.
var ErrInvalidArguments = errors.New("invalid arguments")

var emptyObject = json.RawMessage("{}")

// validate checks the arguments against the input schema and leaves them decoded in
// the call. A call whose arguments do not fit ends with the error that invalid returns:
// rate and repeat limit such calls as well, and stand further in, where they never come.
func validate(invalid func(*Execution, *Error) *Error) Policy {
	return func(next Handler) Handler {
		return func(ctx context.Context, x *Execution) (*tools.Result, error) {
			if err := decodeArguments(x); err != nil {
				return nil, invalid(x, x.fail(KindInvalidArguments, fmt.Errorf("%w: %w", ErrInvalidArguments, err)))
			}
			return next(ctx, x)
		}
	}
}

func decodeArguments(x *Execution) error {
	arguments := bytes.TrimSpace(x.Call.Arguments)
	if len(arguments) == 0 || string(arguments) == "null" {
		arguments = emptyObject
	}
	value, err := schema.Decode(arguments)
	if err != nil {
		return violation("the arguments are not valid JSON: " + err.Error())
	}
	object, ok := value.(map[string]any)
	if !ok {
		return violation("the arguments must be a JSON object")
	}
	x.Call.Arguments, x.Call.Values = arguments, object
	return x.Entry.Input.Validate(value)
}

// shortArguments is up to how many bytes arguments stay decoded while their call waits: to
// decode them anew would cost more than they take.
const shortArguments = 4 << 10

// shelve lets go of the decoded arguments while the call waits, until unshelve: they take up
// to forty times the memory of their text, which is what bounds those that wait.
func (x *Execution) shelve() {
	if len(x.Call.Arguments) > shortArguments && x.Call.Values != nil {
		x.Call.Values, x.shelved = nil, true
	}
}

// unshelve decodes what shelve has let go of.
func (x *Execution) unshelve() {
	if x.shelved {
		value, _ := schema.Decode(x.Call.Arguments) // which it was before
		x.Call.Values, _ = value.(map[string]any)
		x.shelved = false
	}
}

// violation says what is wrong with the arguments as a whole.
func violation(message string) error {
	return &schema.ValidationError{Violations: []schema.Violation{{Message: message}}}
}
