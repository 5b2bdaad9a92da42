package tools

import "fmt"

// Error is a failure whose text is meant for the model that called: it says what
// went wrong and what to do about it, and holds nothing secret. Make one with
// [Errorf].
type Error struct {
	// Message is the text that the caller sees.
	Message string
	err     error
}

// Errorf returns an [*Error] with a message formatted as [fmt.Errorf] does; an
// error wrapped with %w stays reachable by errors.Is and errors.As.
func Errorf(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Error{Message: err.Error(), err: err}
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns what the message was formatted from.
func (e *Error) Unwrap() error { return e.err }
