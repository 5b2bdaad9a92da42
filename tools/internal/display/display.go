// Package display makes of what tools were given by others text that may be shown:
// valid UTF-8, without control sequences for terminals, control characters, marks that
// turn the direction of writing and tags that nobody sees.
package display

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// escape is a control sequence for a terminal, with either form of its introducer
// (ECMA-48, sections 5.3, 5.4 and 5.6): colours and cursor movements; command strings
// with their text, such as window titles, links and clipboard contents; all others. A
// command string that does not end in its line is text: only its introducer goes.
var escape = regexp.MustCompile(`(?:\x1b\[|\x{9b})[0-?]*[ -/]*[@-~]` +
	`|(?:\x1b[PX\]^_]|[\x{90}\x{98}\x{9d}-\x{9f}])[^\x07\x1b\x{9c}\n]*(?:\x07|\x1b\\|\x{9c})` +
	`|\x1b[ -/]*[0-~]`)

// Visible returns text that shows what it holds and does nothing else: without control
// sequences and control characters, but for the white space of lines, and without the
// marks that turn the direction of writing and the tags that nobody sees.
func Visible(text string) string {
	text = Clean(text)
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

// Plain returns what a program says, line by line, as visible text. A carriage return,
// with which progress bars begin anew, ends a line.
func Plain(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return Visible(strings.ReplaceAll(text, "\r", "\n"))
}

// OneLine returns plain text as a message, which is one line.
func OneLine(text string) string {
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) {
			return ' '
		}
		return c
	}, Plain(text)))
}

// isControl reports whether a character is not there to be read.
func isControl(c rune) bool {
	const firstTag, lastTag = 0xE0000, 0xE007F
	if ' ' <= c && c <= '~' { // most text is of these, and tables are slower
		return false
	}
	return unicode.IsControl(c) && c != '\n' && c != '\t' && c != '\r' ||
		unicode.Is(unicode.Bidi_Control, c) || firstTag <= c && c <= lastTag
}

// Clean returns text that every client can take: a run of bytes that are not UTF-8, or
// are NUL, becomes one U+FFFD.
func Clean(text string) string {
	if utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
		return text
	}
	var b strings.Builder
	bad := false
	for i, c := range text {
		wasBad := bad
		bad = c == 0 || c == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD")
		switch {
		case !bad:
			b.WriteRune(c)
		case !wasBad:
			b.WriteRune(utf8.RuneError)
		}
	}
	return b.String()
}

// CutRune takes off the end of text what is only a part of a character.
func CutRune(text string) string {
	for i := 1; i < utf8.UTFMax && i <= len(text); i++ {
		if last := text[len(text)-i:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRuneInString(last) {
				return text[:len(text)-i]
			}
			break
		}
	}
	return text
}
