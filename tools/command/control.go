package command

import (
	"regexp"
	"strings"
	"unicode"
)

// escape is a control sequence for a terminal, with either form of its introducer
// (ECMA-48, sections 5.3, 5.4 and 5.6): colours and cursor movements; command strings
// with their text, such as window titles, links and clipboard contents; all others. A
// command string that does not end in its line is text: only its introducer goes.
var escape = regexp.MustCompile(`(?:\x1b\[|\x{9b})[0-?]*[ -/]*[@-~]` +
	`|(?:\x1b[PX\]^_]|[\x{90}\x{98}\x{9d}-\x{9f}])[^\x07\x1b\x{9c}\n]*(?:\x07|\x1b\\|\x{9c})` +
	`|\x1b[ -/]*[0-~]`)

// visible returns what a program prints as text that shows what it holds and does
// nothing else: without control sequences and control characters, but for the white
// space of lines, and without the marks that turn the direction of writing and the
// tags that nobody sees.
func visible(text string) string {
	text = clean(text)
	if !strings.ContainsFunc(text, isControl) {
		return text
	}
	return strings.Map(func(c rune) rune {
		if isControl(c) {
			return -1
		}
		return c
	}, escape.ReplaceAllString(text, ""))
}

// plain returns what a program says, line by line, as visible text. A carriage return,
// with which progress bars begin anew, ends a line.
func plain(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return visible(strings.ReplaceAll(text, "\r", "\n"))
}

// oneLine returns plain text as a message, which is one line.
func oneLine(text string) string {
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) {
			return ' '
		}
		return c
	}, plain(text)))
}

// isControl reports whether a character is not there to be read.
func isControl(c rune) bool {
	const firstTag, lastTag = 0xE0000, 0xE007F
	return unicode.IsControl(c) && c != '\n' && c != '\t' && c != '\r' ||
		unicode.Is(unicode.Bidi_Control, c) || firstTag <= c && c <= lastTag
}
