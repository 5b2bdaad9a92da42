package tools

import (
	"context"
	"encoding/json"
)

// A Handler answers the calls of one tool. It is called from many goroutines at
// once. It should return soon after ctx is done: one that does not is abandoned,
// its caller answered without it, and its slot stays taken until it returns.
//
// An error made by [Errorf] becomes a result with IsError whose text the model
// reads. Any other error is logged, and the caller is told of an internal error
// and nothing more: such errors carry paths, addresses and secrets.
type Handler interface {
	Call(ctx context.Context, call *Call) (*Result, error)
}

// HandlerFunc makes a Handler of a function.
type HandlerFunc func(ctx context.Context, call *Call) (*Result, error)

// Call calls f.
func (f HandlerFunc) Call(ctx context.Context, call *Call) (*Result, error) { return f(ctx, call) }

// A Call is one call of a tool, as its handler sees it. A handler must not change
// what it points to, nor keep it after it has returned.
type Call struct {
	// ID names the execution: a UUIDv7, unique over time and machines. It stands
	// in the execution record and in the log.
	ID string

	// Tool is the name that was called.
	Tool string

	// Arguments is the JSON object of the arguments, valid against the input
	// schema; "{}" where the caller sent none.
	Arguments json.RawMessage

	// Values are the arguments decoded by schema.Decode: nil, bool, string,
	// json.Number, []any and map[string]any.
	Values map[string]any

	// Caller is who calls, as the transport authenticated it; empty where the
	// transport does not tell callers apart (stdio).
	Caller string

	// Trace is where the call stands in its caller's trace: see [Call.StartSpan], which
	// gives what is to be handed on.
	Trace Trace

	// Tracer takes the spans of the call; nil where it is not traced here.
	Tracer Tracer
}
