package main

import (
	"context"
	"io"
)

// interruptible is a reader whose reads end with a context: standard input may wait
// for a person who would rather press Ctrl-C. A read that is given up goes on in the
// background and its bytes are lost, so nothing may be read after it.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i *interruptible) Read(p []byte) (int, error) {
	type result struct {
		text []byte
		err  error
	}
	read := make(chan result, 1)
	go func() {
		own := make([]byte, len(p)) // the caller's is not ours once the read is given up
		n, err := i.r.Read(own)
		read <- result{own[:n], err}
	}()
	select {
	case got := <-read:
		return copy(p, got.text), got.err
	case <-i.ctx.Done():
		return 0, context.Cause(i.ctx)
	}
}
