package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/progress"
	"github.com/sluice-dev/sluice/tools/upstream"
)

// spawn starts a server and connects to it. One that ends at the probe for modern
// servers, as some legacy ones do, is started once more and not probed.
func (t *target) spawn(ctx, forced context.Context, errOut *screen) (*session, error) {
	var err error
	for _, legacy := range []bool{false, true} {
		var s *session
		s, err = t.spawnOnce(ctx, forced, errOut, legacy)
		if !errors.Is(err, upstream.ErrClosed) {
			return s, err
		}
	}
	return nil, err
}

func (t *target) spawnOnce(ctx, forced context.Context, errOut *screen, legacy bool) (*session, error) {
	stderr := t.childLines(errOut)
	program := upstream.Program{Args: t.command, InheritEnv: true, Stderr: stderr, MaxMessage: maxAnswer}
	c, err := program.Start()
	if err != nil {
		return nil, &failure{code: exitConnect, err: err, hint: "after -- comes a program and its arguments"}
	}
	defer context.AfterFunc(forced, c.Kill)()
	s, err := open(ctx, c, upstream.Options{Legacy: legacy})
	if err != nil {
		stderr.Close()
		return nil, t.childFailure(ctx, c, err)
	}
	s.wait = func() { stderr.Close() }
	s.kill = c.Kill
	return s, nil
}

// childFailure says of a program that could not be connected to what is known of it.
func (t *target) childFailure(ctx context.Context, c *upstream.Process, err error) error {
	overdue, isOverdue := errors.AsType[*failure](context.Cause(ctx))
	switch {
	case isOverdue && !c.Spoke():
		return &failure{code: overdue.code, err: fmt.Errorf("%w: %s said nothing on stdout", overdue, t.command[0]), hint: overdue.hint}
	case errors.Is(err, upstream.ErrClosed):
		return &failure{code: exitConnect, err: fmt.Errorf("%s ended (%v): %w", t.command[0], c.State(), upstream.ErrClosed),
			hint: "run it by itself: a server on stdio waits for input and prints nothing else"}
	}
	return err
}

// childLines returns what takes a child's stderr: shown line by line, dimmed on a
// terminal.
func (t *target) childLines(errOut *screen) *progress.Lines {
	if t.quiet {
		return progress.NewLines(func(string) {})
	}
	return progress.NewLines(func(line string) {
		fmt.Fprintln(errOut, paint(errOut.stderr, dim, shown(errOut.stderr, line)))
	})
}
