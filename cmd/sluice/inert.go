package main

import (
	"io"
	"strings"
	"unicode"
)

// inert makes text that a server sent safe to show on a terminal: control characters,
// which could move the cursor, set the clipboard or forge a prompt, become pictures
// of themselves, and so do the marks that turn the direction of writing. Newlines and
// tabs stay.
func inert(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r < 0x20:
			return 0x2400 + r // the picture of it
		case r == 0x7f:
			return 0x2421
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), 0xe0000 <= r && r <= 0xe007f:
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// oneLine makes text fit to stand in a line.
func oneLine(text string) string {
	return inert(strings.Join(strings.Fields(text), " "))
}

// shown returns text as it may be written to w: inert on a terminal, as it came
// anywhere else.
func shown(w io.Writer, text string) string {
	if isTerminal(w) {
		return inert(text)
	}
	return text
}
