package websocket

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	ws "github.com/coder/websocket"
)

const (
	// firstMessage is the memory that a message is given until it needs more. It
	// grows with what has arrived, never with what a frame header promises.
	firstMessage = 1 << 10
	// keptMessage is the most that is kept for later messages.
	keptMessage = 256 << 10
	// maxReason is the longest reason of a close frame (RFC 6455, section 5.5).
	maxReason = 123
)

// messages lends memory to messages. A stream that waits for one holds none.
var messages = sync.Pool{New: func() any {
	b := make([]byte, 0, firstMessage)
	return &b
}}

// giveBack ends the life of the message that Read returned last.
func (s *Stream) giveBack() {
	if s.message != nil {
		giveBack(s.message)
	}
	s.message = nil
}

func giveBack(message *[]byte) {
	if cap(*message) <= keptMessage {
		messages.Put(message)
	}
}

// readAll appends what r gives to b, until its end or until there are more than max
// bytes.
func readAll(r io.Reader, b []byte, max int) ([]byte, error) {
	for len(b) <= max {
		if len(b) == cap(b) {
			b = slices.Grow(b, 1)
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

func tooBigReason(max int) string {
	return fmt.Sprintf("the message is longer than %d bytes", max)
}

// clip cuts a reason to what a close frame holds, at the border of a character.
func clip(reason string) string {
	reason = strings.ToValidUTF8(reason, "")
	if len(reason) <= maxReason {
		return reason
	}
	return strings.ToValidUTF8(reason[:maxReason], "")
}

// remoteClose returns the error for a close frame that is no orderly end.
func remoteClose(err error) error {
	var frame ws.CloseError
	errors.As(err, &frame)
	return &CloseError{Code: int(frame.Code), Reason: frame.Reason, Remote: true}
}
