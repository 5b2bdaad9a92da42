package websocket

import (
	"context"
	"errors"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	ws "github.com/coder/websocket"
)

const (
	// messageTimeout is how long a message may take from its first frame to its end.
	messageTimeout = 30 * time.Second
	// closeWait is how long Close waits for the peer's close frame.
	closeWait = time.Second
)

// limits are the bounds of a stream.
type limits struct {
	maxMessage   int
	writeTimeout time.Duration
	pingInterval time.Duration
}

// withDefaults fills in what is not set.
func (l limits) withDefaults() limits {
	if l.maxMessage <= 0 {
		l.maxMessage = 4 << 20
	}
	if l.writeTimeout <= 0 {
		l.writeTimeout = 10 * time.Second
	}
	if l.pingInterval <= 0 {
		l.pingInterval = 20 * time.Second
	}
	return l
}

// A Stream carries one message a text frame, both ways. Read and Write may run at
// the same time, but neither may run twice at once; Close may be called at any time,
// and must be called in the end.
//
// Keep a Read waiting: pings, pongs and the peer's close are only seen by it. While
// none waits, a missing pong is not held against the peer.
//
// Every error of Read or Write ends the stream, except a [*MessageError].
type Stream struct {
	conn   *ws.Conn
	wire   *wire
	limits limits

	ahead   sync.Mutex // held by who takes what was read ahead beside the library, and while that closes, when it reads too
	message *[]byte    // what Read returned last; owned by Read, borrowed from messages
	late    watchdog   // barks at a message that does not end; owned by Read
	context watch      // the context of the last Read

	writing sync.Mutex // held while a message or a ping is written
	slow    watchdog   // barks at a peer that does not read; guarded by writing

	ping  *time.Timer
	flood flood // owned by Read

	closing atomic.Bool
	closed  chan struct{}         // closed when Close has done its work
	fault   atomic.Pointer[error] // why the stream ended, set once
}

// begin makes a stream of a connection that has been upgraded. Whoever upgrades it
// has s.pinged called for every ping.
func (s *Stream) begin(conn *ws.Conn, wire *wire) {
	s.conn, s.wire = conn, wire
	s.closed = make(chan struct{})
	conn.SetReadLimit(-1) // receive has a limit of its own, which words the close
	s.late = watchdog{patience: messageTimeout, bark: func() {
		s.fail(codePolicy, "the message took too long")
	}}
	s.slow = watchdog{patience: s.limits.writeTimeout, bark: s.cutSlow}
	s.ping = time.AfterFunc(math.MaxInt64, s.keepAlive) // which uses s.ping
	s.ping.Reset(s.limits.pingInterval)
}

// Read returns the next message. The bytes are the caller's until the next Read.
// When the peer has closed the connection in order (codes 1000, 1001 or none) it
// returns io.EOF, with another code a [*CloseError]. A message over the limit, text
// that is not UTF-8 and a breach of RFC 6455 are answered with their close codes,
// and that is the error. When ctx is done the connection is cut, also between two
// reads with the same context.
func (s *Stream) Read(ctx context.Context) ([]byte, error) {
	s.giveBack()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	s.context.set(ctx, s.cut)
	if s.take() {
		return s.checked()
	}
	kind, r, err := s.conn.Reader(context.Background())
	if err != nil {
		return nil, s.readError(err)
	}
	s.late.start()
	defer s.late.stop()
	if kind != ws.MessageText {
		return nil, s.skip(r)
	}
	return s.receive(r)
}

// receive reads a text message to its end.
func (s *Stream) receive(r io.Reader) ([]byte, error) {
	s.message = messages.Get().(*[]byte)
	msg, err := readAll(r, (*s.message)[:0], s.limits.maxMessage)
	*s.message = msg
	if err != nil {
		return nil, s.readError(err)
	}
	return s.checked()
}

// checked returns the message that was read, if it may be one.
func (s *Stream) checked() ([]byte, error) {
	switch msg := *s.message; {
	case s.closing.Load(): // the library, which reads meanwhile, may have given a part of one
		return nil, *s.fault.Load()
	case len(msg) > s.limits.maxMessage:
		return nil, s.tooBig()
	case !utf8.Valid(msg):
		return nil, s.fail(codeBadText, "the text is not valid UTF-8")
	default:
		return msg, nil
	}
}

// skip reads a binary message to its end, within the limit.
func (s *Stream) skip(r io.Reader) error {
	n, err := io.Copy(io.Discard, io.LimitReader(r, int64(s.limits.maxMessage)+1))
	switch {
	case err != nil:
		return s.readError(err)
	case n > int64(s.limits.maxMessage):
		return s.tooBig()
	}
	return &MessageError{"the message is binary; send text frames"}
}

// readError returns the error with which reading ends after the library's err, and
// closes the connection if the peer has broken the protocol.
func (s *Stream) readError(err error) error {
	if fault := s.fault.Load(); fault != nil {
		return *fault
	}
	switch code := ws.CloseStatus(err); {
	case code == ws.StatusNormalClosure, code == ws.StatusGoingAway, code == ws.StatusNoStatusRcvd:
		return s.end(io.EOF)
	case code != -1:
		return s.end(remoteClose(err))
	case s.wire.lost.Load():
		return s.end(lostError(err))
	}
	return s.fail(codeProtocolError, "the frame breaks RFC 6455")
}

// Write sends one message. It does not keep msg. A peer that has not taken it within
// the write timeout is cut off; the error is then a [*CloseError] of code 1008. (Its
// own side sees no close frame, since none can overtake a message that is stuck.)
// For the same reason ctx is heeded before the message, not in its midst.
func (s *Stream) Write(ctx context.Context, msg []byte) error {
	return s.write(ctx, func() error {
		if len(msg) > corkedMessage {
			return s.writeMessage(msg)
		}
		s.wire.cork()
		return errors.Join(s.writeMessage(msg), s.wire.uncork())
	})
}

// WriteBatch sends messages as Write does, each in a frame of its own, all in a single
// write to the network.
func (s *Stream) WriteBatch(ctx context.Context, msgs [][]byte) error {
	if len(msgs) == 0 {
		return nil
	}
	if len(msgs) == 1 {
		return s.Write(ctx, msgs[0])
	}
	return s.write(ctx, func() error {
		s.wire.cork()
		var err error
		for _, msg := range msgs {
			if err = s.writeMessage(msg); err != nil {
				break
			}
		}
		return errors.Join(err, s.wire.uncork())
	})
}

func (s *Stream) writeMessage(msg []byte) error {
	return s.conn.Write(context.Background(), ws.MessageText, msg)
}

// write lets one writer write at a time, and not for long.
func (s *Stream) write(ctx context.Context, write func() error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	s.slow.start()
	err := write()
	s.slow.stop()
	if err != nil {
		return s.writeError(err)
	}
	return nil
}

// writeError returns the error with which writing ends after the library's err. Half
// a message may be out, so the connection is of no more use.
func (s *Stream) writeError(err error) error {
	s.cut(lostError(err))
	if fault := *s.fault.Load(); fault != io.EOF {
		return fault
	}
	return errClosed // the peer closed in order, which is no excuse for a write
}

// cutSlow ends the connection of a peer that does not read. It does not close in
// order: the close frame would have to wait behind what the peer does not read.
func (s *Stream) cutSlow() {
	s.cut(&CloseError{Code: codePolicy, Reason: "reading too slowly"})
}

// cut ends the connection at once.
func (s *Stream) cut(err error) {
	s.end(err)
	s.wire.Close()
}

func (s *Stream) tooBig() error {
	return s.fail(codeTooBig, tooBigReason(s.limits.maxMessage))
}

// fail closes the connection with a code and returns the error with which the stream
// has ended.
func (s *Stream) fail(code int, reason string) error {
	err := s.end(&CloseError{Code: code, Reason: reason})
	s.Close(code, reason)
	return err
}

// failReading is fail for the goroutine that reads, from within the library, where
// Close would wait for it.
func (s *Stream) failReading(code int, reason string) {
	if s.fault.Load() == nil {
		s.end(&CloseError{Code: code, Reason: reason})
		go s.Close(code, reason)
	}
}

// end notes why the stream has ended, unless it has ended already, and returns why.
func (s *Stream) end(err error) error {
	s.fault.CompareAndSwap(nil, &err)
	return *s.fault.Load()
}

// Close closes the connection with a code and a reason of RFC 6455, section 7.4, the
// reason cut to the 123 bytes that fit. It waits for the peer's close frame, for a
// second at most, and cuts the connection then. Read and Write are unblocked and
// return an error that wraps net.ErrClosed. It may be called any number of times, of
// which the first counts, and returns nil.
func (s *Stream) Close(code int, reason string) error {
	s.end(errClosed)
	if s.closing.Swap(true) {
		<-s.closed
		return nil
	}
	defer close(s.closed)
	s.ping.Stop()
	cut := time.AfterFunc(closeWait, func() { s.wire.Close() })
	defer cut.Stop()
	s.ahead.Lock()
	s.conn.Close(ws.StatusCode(code), clip(reason))
	s.ahead.Unlock()
	s.context.stop()
	return nil
}
