package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxProblems is how many problems an [Error] prints; one mistake in an indent can
// cause hundreds.
const maxProblems = 20

// maxExcerpt is how many characters of a source line are shown.
const maxExcerpt = 100

// A Problem is one thing that is wrong with a config file.
type Problem struct {
	// Line and Column say where, both from 1; 0 where the place is not known.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Message says what is wrong.
	Message string `json:"message"`
	// Hint says what would be right; empty where there is nothing to advise.
	Hint string `json:"hint,omitempty"`

	excerpt string // the source line; empty where it is not to be shown
}

// Error is everything that is wrong with a config file.
type Error struct {
	// File is the name of the file.
	File string
	// Problems has at least one, in the order of the file.
	Problems []Problem
}

// Error prints the problems like a compiler does: place, message, source line and
// advice.
func (e *Error) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i == maxProblems {
			fmt.Fprintf(&b, "\n%s: and %d more", e.File, len(e.Problems)-i)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		p.write(&b, e.File)
	}
	return b.String()
}

func (p *Problem) write(b *strings.Builder, file string) {
	b.WriteString(file)
	if p.Line > 0 {
		fmt.Fprintf(b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": " + p.Message)
	if p.excerpt != "" {
		fmt.Fprintf(b, "\n%5d | %s", p.Line, p.excerpt)
		if p.Column <= utf8.RuneCountInString(p.excerpt)+1 {
			fmt.Fprintf(b, "\n      | %s^", strings.Repeat(" ", p.Column-1))
		}
	}
	if p.Hint != "" {
		b.WriteString("\n        " + p.Hint)
	}
}

// secretLine finds source lines that may hold a secret by mistake: they are never
// shown, since errors end up in logs.
var secretLine = regexp.MustCompile(`(?i)(token|secret|password|key)\w*["']?\s*:`)

// excerpt returns a line of the source as it may be shown.
func excerpt(source []string, line int) string {
	if line < 1 || line > len(source) || secretLine.MatchString(source[line-1]) {
		return ""
	}
	shown := []rune(strings.TrimRight(source[line-1], " \t\r"))
	if len(shown) > maxExcerpt {
		shown = append(shown[:maxExcerpt], '…')
	}
	for i, c := range shown {
		if c < ' ' || 0x7f <= c && c < 0xa0 {
			shown[i] = ' ' // a tab too, so that the caret stands right
		}
	}
	return string(shown)
}

// newError sorts problems by place and drops those that one place has twice.
func newError(file string, problems []Problem) *Error {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return &Error{File: file, Problems: slices.CompactFunc(problems, func(a, b Problem) bool {
		return a.Line == b.Line && a.Column == b.Column && a.Message == b.Message
	})}
}
