package upstream

import (
	"encoding/json"
	"errors"
	"fmt"
)

var (
	// ErrClosed is wrapped by the error of every call that the end of the
	// connection cut short or kept from starting; the cause stands beside it.
	ErrClosed = errors.New("the connection to the server is closed")

	// ErrProtocol is wrapped by errors that say how a server broke the protocol.
	ErrProtocol = errors.New("the server broke the protocol")

	// ErrVersion is wrapped by the error of Connect for a server that shares no
	// protocol revision with this client.
	ErrVersion = errors.New("no protocol revision in common")

	// ErrUnread is wrapped by the error of a call whose request the server could not
	// read as far as its id, as it is with one that is too long for it; the
	// [*WireError] that the server sent stands beside it. Such an error names no
	// request, so it reaches a call only where no other is in flight.
	ErrUnread = errors.New("the server could not read the request")

	errForeseen     = fmt.Errorf("%w: it answered before it was asked", ErrProtocol)
	errTooMuchNoise = fmt.Errorf("%w: %d messages in a row made no sense", ErrProtocol, maxNoise)
)

// WireError is a JSON-RPC error that the server answered with (JSON-RPC 2.0,
// section 5.1). Servers before revision 2025-11-25 refuse invalid arguments so,
// with code -32602.
type WireError struct {
	Code    int64           `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// Error returns the server's message with its code.
func (e *WireError) Error() string { return fmt.Sprintf("%s (code %d)", e.Message, e.Code) }
