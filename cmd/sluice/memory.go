package main

import (
	"bytes"
	"context"
	"io"
	"sync"
)

// A memoryStream is one end of a stream within this process.
type memoryStream struct {
	in, out chan []byte
	line    *memoryLine
}

// A memoryLine is what both ends share: whoever closes it closes it for both.
type memoryLine struct {
	once   sync.Once
	closed chan struct{}
}

// memoryStreams returns the two ends of a stream.
func memoryStreams() (client, server *memoryStream) {
	line := &memoryLine{closed: make(chan struct{})}
	up, down := make(chan []byte), make(chan []byte)
	return &memoryStream{in: down, out: up, line: line}, &memoryStream{in: up, out: down, line: line}
}

// Read returns the next message, and io.EOF once either end is closed.
func (s *memoryStream) Read(ctx context.Context) ([]byte, error) {
	select {
	case msg := <-s.in:
		return msg, nil
	case <-s.line.closed:
		return nil, io.EOF
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Write returns when the other end has taken the message.
func (s *memoryStream) Write(ctx context.Context, msg []byte) error {
	select {
	case s.out <- bytes.Clone(msg):
		return nil
	case <-s.line.closed:
		return io.ErrClosedPipe
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Close ends the stream for both ends.
func (s *memoryStream) Close(int, string) error {
	s.line.once.Do(func() { close(s.line.closed) })
	return nil
}
