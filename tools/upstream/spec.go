package upstream

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// A Spec says what server an [Upstream] keeps, and how its tools are served.
type Spec struct {
	// Name is what the server is called in errors, logs and pins. Required.
	Name string

	// Program, Remote and Open say how to reach the server; one of them is required.
	// Open is called for each connection. What it returns may have a method Kill, which
	// ends it at once.
	Program *Program
	Remote  *Remote
	Open    func(ctx context.Context) (Stream, error)

	// Prefix stands before the name of each tool. Defaults to none.
	Prefix string

	// Limits are what the engine holds each of the tools to. The zero value takes the
	// engine's defaults.
	Limits tools.Limits

	// StartTimeout is how long the server may take from its start until it has listed
	// its tools. Defaults to 10 s.
	StartTimeout time.Duration

	// Pins, where set, keep a tool out that is not what it was when the server was first
	// seen: see [PinFile]. Defaults to none: tools may change, and the log says which
	// did.
	Pins *PinFile

	// Info names this client to the server. See Options.Info.
	Info mcp.Implementation

	// Logger is told of starts, ends and changes, and of what a program writes to
	// stderr, as far as that is not too much. Defaults to discarding it.
	Logger *slog.Logger
}

// defaultStartTimeout is Spec.StartTimeout where it is not set.
const defaultStartTimeout = 10 * time.Second

// check returns what is wrong with the spec. Whether the server is there shows when it is
// started.
func (s *Spec) check() error {
	ways := 0
	for _, given := range []bool{s.Program != nil, s.Remote != nil, s.Open != nil} {
		if given {
			ways++
		}
	}
	switch {
	case s.Name == "":
		return errors.New("the server has no name")
	case ways != 1:
		return errors.New("a server is a program, or it is remote, or it is opened by a function")
	case s.StartTimeout < 0:
		return errors.New("the start timeout may not be negative")
	case s.Program != nil:
		return s.Program.valid()
	}
	return nil
}

// opener returns what connects to the server. Noise takes a program's stderr.
func (s *Spec) opener(noise io.Writer) func(context.Context) (Stream, error) {
	switch {
	case s.Program != nil:
		program := *s.Program
		if program.Stderr != nil {
			noise = io.MultiWriter(noise, program.Stderr)
		}
		program.Stderr = noise
		return program.Open
	case s.Remote != nil:
		return s.Remote.Open
	}
	return s.Open
}
