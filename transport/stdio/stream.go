package stdio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// defaultMaxMessage is Options.MaxMessage where it is not set.
const defaultMaxMessage = 4 << 20

// maxEmptyReads is how often in a row a reader may return nothing and no error.
const maxEmptyReads = 100

// errNewline is what a message with a newline in it is refused with: the peer would
// take it for two.
var errNewline = errors.New("stdio: the message holds a newline")

// Options configure a [Stream].
type Options struct {
	// MaxMessage is the longest line that is taken, in bytes without its newline.
	// Defaults to 4 MiB.
	MaxMessage int
}

// A MessageError says that one message was skipped. The stream goes on.
type MessageError struct {
	// Limit is the longest line that is taken, in bytes.
	Limit int
}

// Error returns what [MessageError.Skipped] returns, with the package's name.
func (e *MessageError) Error() string { return "stdio: " + e.Skipped() }

// Skipped says why the message was skipped, in words for whoever sent it.
func (e *MessageError) Skipped() string {
	return fmt.Sprintf("the message is longer than %d bytes", e.Limit)
}

// A Stream carries one message a line, both ways. Read and Write may run at the
// same time, but neither may run twice at once; Close may be called at any time.
//
// An error of Read or Write, be it that of a context, ends that direction: the same
// error is returned from then on. Only a [*MessageError] ends nothing, and neither
// does the refusal of a message with a newline.
type Stream struct {
	r io.Reader
	w io.Writer

	lines   lines // owned by Read
	ahead   line  // likewise; what Ready has found
	reads   *operation
	readErr error // owned by Read

	frame    []byte // owned by Write
	writes   *operation
	writeErr error // owned by Write

	closing sync.Once
	closed  chan struct{}
}

// New returns a stream that reads messages from r and writes them to w. Close closes
// both where they are io.Closers.
func New(r io.Reader, w io.Writer, opts Options) *Stream {
	if opts.MaxMessage <= 0 {
		opts.MaxMessage = defaultMaxMessage
	}
	return &Stream{
		r:      r,
		w:      w,
		lines:  lines{max: opts.MaxMessage},
		reads:  newOperation(r.Read),
		writes: newOperation(w.Write),
		closed: make(chan struct{}),
	}
}

// Read returns the next message without its newline. The bytes are the caller's
// until the next Read. At the end of the input it returns io.EOF, after Close an
// error that wraps [os.ErrClosed].
func (s *Stream) Read(ctx context.Context) ([]byte, error) {
	for {
		if s.Ready() {
			s.ahead.there = false
			return s.ahead.text, s.ahead.err
		}
		if s.readErr != nil {
			return s.last()
		}
		s.readErr = s.fill(ctx)
	}
}

// Ready reports whether Read returns without waiting for the peer. It must not be called while
// Read runs.
func (s *Stream) Ready() bool {
	if l := &s.ahead; !l.there {
		l.text, l.err, l.there = s.lines.next()
	}
	return s.ahead.there
}

// A line is what Read returns for one.
type line struct {
	text  []byte
	err   error
	there bool
}

// last returns what the input ended with, if it did not end with a newline, and
// then the error that ended it.
func (s *Stream) last() ([]byte, error) {
	if s.readErr == io.EOF {
		if line, err, ok := s.lines.rest(); ok {
			return line, err
		}
	}
	return nil, s.readErr
}

// fill waits for more bytes. It returns the error with which reading ends, which may
// come with the last bytes.
func (s *Stream) fill(ctx context.Context) error {
	for range maxEmptyReads {
		n, err := s.reads.wait(ctx, s.closed, s.lines.space())
		s.lines.add(n)
		if n > 0 || err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// Write sends one message and its newline in a single write. It does not keep msg.
// A write to a client that has gone fails with an error that wraps syscall.EPIPE.
func (s *Stream) Write(ctx context.Context, msg []byte) error {
	return s.WriteBatch(ctx, [][]byte{msg})
}

// WriteBatch sends messages as Write does, all in a single write; it sends none of them
// where one holds a newline.
func (s *Stream) WriteBatch(ctx context.Context, msgs [][]byte) error {
	if s.writeErr != nil || len(msgs) == 0 {
		return s.writeErr
	}
	frame := s.frame[:0]
	for _, msg := range msgs {
		if bytes.IndexByte(msg, '\n') >= 0 {
			return errNewline
		}
		frame = append(append(frame, msg...), '\n')
	}
	s.frame = nil
	if _, s.writeErr = s.writes.wait(ctx, s.closed, frame); s.writeErr != nil {
		return s.writeErr
	}
	if cap(frame) <= keptBuffer {
		s.frame = frame
	}
	return nil
}

// Close ends the stream in both directions, unblocks Read and Write and closes the
// reader and the writer. The code and the reason have no place on this transport. It
// may be called any number of times; only the first call returns an error of closing.
func (s *Stream) Close(int, string) error {
	var err error
	s.closing.Do(func() {
		close(s.closed)
		err = errors.Join(s.reads.release(s.r), s.writes.release(s.w))
	})
	return err
}
