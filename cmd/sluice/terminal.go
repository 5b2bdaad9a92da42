package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// The ANSI sequences that the commands colour with (ECMA-48, SGR).
const (
	bold  = "\x1b[1m"
	dim   = "\x1b[2m"
	red   = "\x1b[31m"
	reset = "\x1b[0m"
)

// isTerminal reports whether a reader or writer is a terminal.
func isTerminal(stream any) bool {
	f := fileOf(stream)
	return f != nil && term.IsTerminal(int(f.Fd()))
}

// colours reports whether w is to be written to in colours: it is a terminal that
// knows them, and nobody asked for plain text (no-color.org).
func colours(w io.Writer) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(w)
}

// paint puts text into a style where w takes colours.
func paint(w io.Writer, style, text string) string {
	if !colours(w) {
		return text
	}
	return style + text + reset
}
