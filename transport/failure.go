package transport

import (
	"errors"
	"time"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// protocolFaults is the table from the kinds of failure to the wire: those named
// here are JSON-RPC errors, since the request itself was wrong; all others happened
// to a valid call and are results with isError, which the model reads
// (specification 2026-07-28, server/tools, "Error Handling").
var protocolFaults = map[executor.Kind]struct {
	code int64
	// result says that revisions with InvalidArgumentsResult take a result instead.
	result bool
}{
	executor.KindUnknownTool:      {code: mcp.CodeInvalidParams},
	executor.KindInvalidArguments: {code: mcp.CodeInvalidParams, result: true},
}

// failureFrame encodes the response to a call that the engine did not complete.
func (c *conn) failureFrame(r *request, err error) []byte {
	var failure *executor.Error
	if !errors.As(err, &failure) {
		failure = &executor.Error{Kind: executor.KindInternal, Err: err}
	}
	fault, ok := protocolFaults[failure.Kind]
	if ok && !(fault.result && r.revision.InvalidArgumentsResult) {
		return appendFault(nil, r.id, &jsonrpc2.Error{Code: fault.code, Message: failure.Public()})
	}
	detail := map[string]any{"kind": string(failure.Kind)}
	if failure.RetryAfter > 0 {
		// Rounded up: who comes then does not come early.
		detail["retryAfterMs"] = (failure.RetryAfter + time.Millisecond - 1).Milliseconds()
	}
	frame, err := c.resultFrame(r, tools.ErrorResult(failure.Public()), map[string]any{mcp.MetaError: detail})
	if err != nil {
		panic(err) // a text and a number always encode
	}
	return frame
}
