package websocket

import (
	"errors"
	"fmt"
	"io"
	"net"
)

// The close codes that this package sends of its own accord (RFC 6455, section 7.4.1).
const (
	codeGoingAway     = 1001 // what was served on the connection has ended
	codeProtocolError = 1002 // the peer broke RFC 6455
	codeBadText       = 1007 // a text message that is not UTF-8
	codePolicy        = 1008 // too slow to read, to finish a message or to answer a ping; too many pings
	codeTooBig        = 1009 // a message over the limit
)

var errClosed = fmt.Errorf("websocket: the stream is closed: %w", net.ErrClosed)

// A MessageError says that one message was skipped. The stream goes on.
type MessageError struct {
	reason string
}

// Error returns what [MessageError.Skipped] returns, with the package's name.
func (e *MessageError) Error() string { return "websocket: " + e.reason }

// Skipped says why the message was skipped, in words for whoever sent it.
func (e *MessageError) Skipped() string { return e.reason }

// A CloseError says with which code and reason a connection was closed other than
// in order (RFC 6455, section 7.4).
type CloseError struct {
	// Code is the close code.
	Code int
	// Reason is the text beside it. A peer's is as untrusted as its messages.
	Reason string
	// Remote says that the peer closed the connection, not this side.
	Remote bool
}

// Error returns a sentence with the code and the reason.
func (e *CloseError) Error() string {
	who := "closed the connection"
	if e.Remote {
		who = "the peer closed the connection"
	}
	if e.Reason == "" {
		return fmt.Sprintf("websocket: %s with code %d", who, e.Code)
	}
	return fmt.Sprintf("websocket: %s with code %d: %s", who, e.Code, e.Reason)
}

// lostError says that the connection ended without a close frame. It never wraps
// io.EOF, which would make it an orderly end.
func lostError(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("websocket: the connection was lost: %w", err)
}
