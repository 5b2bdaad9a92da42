package transport

import "context"

// A Stream carries whole messages both ways. Read and Write may run at the same
// time, but neither may run twice at once.
//
// An error of Read or Write ends the stream, except one that has a method
// Skipped() string: it says that the peer sent a message which could not be taken
// (too long, binary, ...), why, and that the stream has moved on to the next.
type Stream interface {
	// Read returns the next message. The bytes are the caller's until the next
	// Read. At the orderly end of what the peer sends it returns io.EOF.
	Read(ctx context.Context) ([]byte, error)

	// Write sends one message, which holds no newline. It does not keep msg.
	Write(ctx context.Context, msg []byte) error

	// Close ends the stream in both directions and unblocks Read and Write. Code
	// and reason are those of RFC 6455, section 7.4; a stream without close codes
	// passes over them. It may be called at any time, any number of times.
	Close(code int, reason string) error
}

// A ReadyReader is a Stream that knows what has come.
type ReadyReader interface {
	// Ready reports whether Read would return without waiting for the peer. It may return
	// false although that is so. It is called between two calls of Read.
	Ready() bool
}

// A BatchWriter is a Stream to which it is cheaper to write several messages at once.
type BatchWriter interface {
	// WriteBatch sends messages in their order, as so many calls of Write would. It
	// keeps none of them.
	WriteBatch(ctx context.Context, msgs [][]byte) error
}
