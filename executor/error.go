package executor

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what became of a call that did not end with the handler's own result.
// Its text is stable: it stands in records, metrics and on the wire.
type Kind string

// The kinds of failure, in the order of the pipeline.
const (
	KindUnknownTool      Kind = "unknown_tool"
	KindInvalidArguments Kind = "invalid_arguments"
	KindOverloaded       Kind = "overloaded"
	KindShuttingDown     Kind = "shutting_down"
	KindTimeout          Kind = "timeout"
	KindCancelled        Kind = "cancelled"
	KindPanic            Kind = "panic"
	KindInvalidOutput    Kind = "invalid_output"
	KindInternal         Kind = "internal"
)

// The sentinel of each policy; errors.Is finds them in what the engine returns.
var (
	ErrUnknownTool      = errors.New("unknown tool")
	ErrInvalidArguments = errors.New("invalid arguments")
	ErrQueueFull        = errors.New("the queue is full")
	ErrShuttingDown     = errors.New("the server is shutting down")
	ErrTimeout          = errors.New("the call ran longer than its timeout")
	ErrIdleTimeout      = errors.New("the call showed no progress within its idle timeout")
	ErrPanic            = errors.New("the tool panicked")
	ErrInvalidOutput    = errors.New("the tool's output does not fit its schema")
)

// Error is the one error type of the engine.
type Error struct {
	// Kind is the class of the failure.
	Kind Kind
	// Tool is the tool that was called.
	Tool string
	// RetryAfter is how long to wait before trying again; 0 where trying again is
	// of no use or the time is not known.
	RetryAfter time.Duration
	// Err is the cause; it may hold what a caller must not see: see [Error.Public].
	Err error
}

// Error names the tool, the kind and the cause. It is for logs.
func (e *Error) Error() string {
	return fmt.Sprintf("call %s: %s: %v", e.Tool, e.Kind, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
