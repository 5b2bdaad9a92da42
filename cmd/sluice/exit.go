package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// The exit codes that every command shares.
const (
	exitOK      = 0
	exitFailure = 1 // something went wrong while running
	exitUsage   = 2 // wrong arguments, or an invalid config
)

// A failure is an error that says with which code the process ends and what to do
// about it. An error of any other type ends it with exitFailure.
type failure struct {
	code int
	err  error
	hint string // one sentence; empty where there is nothing to advise
}

func (f *failure) Error() string { return f.err.Error() }

func (f *failure) Unwrap() error { return f.err }

// usageError is for arguments that cannot be right.
func usageError(hint, format string, args ...any) error {
	return &failure{code: exitUsage, err: fmt.Errorf(format, args...), hint: hint}
}

// hinted adds advice to an error that happened while running.
func hinted(hint string, err error) error {
	return &failure{code: exitFailure, err: err, hint: hint}
}

// usageArgs makes the complaint of an argument check a usage error.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError(helpHint(cmd), "%w", err)
		}
		return nil
	}
}

func helpHint(cmd *cobra.Command) string {
	return fmt.Sprintf("`%s --help` shows what it takes", cmd.CommandPath())
}

// report prints err with its hint and returns the exit code.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	code, hint := exitFailure, ""
	var f *failure
	if errors.As(err, &f) {
		code, hint = f.code, f.hint
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(w, paint(w, bold+red, "sluice:"), text)
	}
	if hint != "" {
		fmt.Fprintln(w, paint(w, dim, "hint:"), hint)
	}
	return code
}
