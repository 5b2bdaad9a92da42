package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
)

// A link carries whole messages to a server and back, each with a newline at its end
// when it is written. One goroutine may read while another writes.
type link interface {
	write(message []byte) error
	// read returns a message that is valid until the next read.
	read() ([]byte, error)
	close()
}

// lines is the link of a stdio server.
type lines struct {
	in   io.Writer
	out  *bufio.Reader
	long []byte
}

func (l *lines) write(message []byte) error {
	_, err := l.in.Write(message)
	return err
}

func (l *lines) read() ([]byte, error) {
	line, err := l.out.ReadSlice('\n')
	if err != bufio.ErrBufferFull {
		return line, err
	}
	l.long = append(l.long[:0], line...)
	for err == bufio.ErrBufferFull {
		line, err = l.out.ReadSlice('\n')
		l.long = append(l.long, line...)
	}
	return l.long, err
}

// close does nothing: the server ends when its input does.
func (l *lines) close() {}

// open returns a link to a process, its session opened.
func (r *running) open(ctx context.Context) (link, error) {
	if !r.socket {
		l := &lines{in: r.in, out: r.out}
		if err := shakeHands(l); err != nil || !r.later {
			return l, err
		}
		return l, awaitTools(l)
	}
	at, err := r.target()
	if err != nil {
		return nil, err
	}
	return at.open(ctx, 0)
}

// A target is where to dial to.
type target struct{ url, token string }

// target returns where the server listens.
func (r *running) target() (at target, err error) {
	at.url, at.token, err = r.address()
	return at, err
}

// open dials and opens the session.
func (t target) open(ctx context.Context, from int) (*socket, error) {
	s, err := t.dial(ctx, from)
	if err != nil {
		return nil, err
	}
	if err := shakeHands(s); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

const (
	initialize  = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}` + "\n"
	initialized = `{"jsonrpc":"2.0","method":"notifications/initialized"}` + "\n"
)

// shakeHands opens the session, in the newest revision that all servers speak.
func shakeHands(l link) error {
	if err := l.write([]byte(initialize)); err != nil {
		return err
	}
	if _, err := l.read(); err != nil {
		return fmt.Errorf("initialize: %w", err)
	}
	return l.write([]byte(initialized))
}
