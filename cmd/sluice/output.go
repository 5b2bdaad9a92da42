package main

import (
	"io"
	"os"
)

// An output is the standard output of a command. It remembers the first write that
// failed: what was asked for and could not be given is an error, whoever printed it.
// Its writes must not run at once.
type output struct {
	w    io.Writer
	lost error // why something was not written; nil as long as everything was
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if o.lost == nil {
		o.lost = err
	}
	return n, err
}

// fileOf returns the file that a stream of a command is, nil where it is none.
func fileOf(stream any) *os.File {
	if s, ok := stream.(*screen); ok {
		stream = s.stderr
	}
	if o, ok := stream.(*output); ok {
		stream = o.w
	}
	f, _ := stream.(*os.File)
	return f
}
