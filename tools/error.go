package tools

import (
	"errors"
	"fmt"
)

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

// ErrUnreachable is what errors are that [Unreachable] has marked.
var ErrUnreachable = errors.New("the tool is unreachable")

// Unreachable marks an error of a handler as one of a tool that could not be reached or
// has crashed, and not of what it was asked to do: it counts as a failure for the
// engine's circuit breaker (see [Breaker]), as an [*Error] otherwise does not. Neither
// its text nor what the caller sees changes. Unreachable of nil is nil.
func Unreachable(err error) error {
	if err == nil {
		return nil
	}
	return &unreachable{err}
}

// ErrExhausted is what errors are that [Exhausted] has marked.
var ErrExhausted = errors.New("the server has too little left of what a call takes")

// Exhausted marks an error of a handler as one of the server itself, which has too few
// file descriptors, processes or too little memory left to begin: the tool has done
// nothing, and would do the same for another. The engine refuses the call as overloaded,
// with a time after which to try again; neither the tool's circuit breaker nor the guard
// against repeated failures counts it. The caller sees the text where the error is an
// [*Error]. Exhausted of nil is nil.
func Exhausted(err error) error {
	if err == nil {
		return nil
	}
	return &exhausted{err}
}

type exhausted struct{ error }

func (e *exhausted) Unwrap() []error { return []error{e.error, ErrExhausted} }

type unreachable struct{ error }

func (u *unreachable) Unwrap() []error { return []error{u.error, ErrUnreachable} }
