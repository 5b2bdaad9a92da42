// Package template fills texts with the arguments of calls: what the arguments,
// headers and bodies of the kinds of tools have in common.
package template

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// A Template is a text with placeholders, cut into its pieces.
type Template []Piece

// A Piece is a placeholder if it has a name, and a text to be taken as it is
// otherwise.
type Piece struct{ Name, Text string }

// Parse cuts a text into pieces: {name} is a placeholder, {{ is one brace.
func Parse(source string) (Template, error) {
	var t Template
	for source != "" {
		text, rest, found := strings.Cut(source, "{")
		switch {
		case !found:
			return t.with(Piece{Text: text}), nil
		case strings.HasPrefix(rest, "{"):
			t = t.with(Piece{Text: text + "{"})
			source = rest[1:]
			continue
		}
		name, rest, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, errors.New(`"{" opens a placeholder that nothing closes; write "{{" for a brace`)
		}
		if !isName(name) {
			return nil, fmt.Errorf(`"{%s}" is no placeholder; write "{{" for a brace`, name)
		}
		t = t.with(Piece{Text: text}).with(Piece{Name: name})
		source = rest
	}
	return t, nil
}

// isName reports whether a placeholder may have this name: letters, digits, "_", "-"
// and ".". What else stands between braces is more likely JSON than a placeholder.
func isName(name string) bool {
	isOther := func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("_-.", c)
	}
	return name != "" && !strings.ContainsFunc(name, isOther)
}

// with appends a piece; texts that meet become one, and an empty one vanishes.
func (t Template) with(p Piece) Template {
	last := len(t) - 1
	switch {
	case p == Piece{}:
	case p.Name == "" && last >= 0 && t[last].Name == "":
		t[last].Text += p.Text
	default:
		t = append(t, p)
	}
	return t
}

// Names returns the names of the placeholders, in order, with repetitions.
func (t Template) Names() []string {
	var names []string
	for _, p := range t {
		if p.Name != "" {
			names = append(names, p.Name)
		}
	}
	return names
}

// Literal returns the text of a template that has no placeholders.
func (t Template) Literal() string {
	if len(t) == 0 {
		return ""
	}
	return t[0].Text
}

// Fill returns the text with the values put in, and false where one is missing.
func (t Template) Fill(values map[string]string) (string, bool) {
	var b strings.Builder
	for _, p := range t {
		if p.Name == "" {
			b.WriteString(p.Text)
			continue
		}
		value, ok := values[p.Name]
		if !ok {
			return "", false
		}
		b.WriteString(value)
	}
	return b.String(), true
}

// Lead returns the name of the placeholder whose value the filled text begins with;
// the empty name where it begins with a text of the template's own.
func (t Template) Lead(values map[string]string) string {
	for _, p := range t {
		if p.Text != "" {
			return ""
		}
		if values[p.Name] != "" {
			return p.Name
		}
	}
	return ""
}

// String returns a source that parses to t.
func (t Template) String() string {
	var b strings.Builder
	for _, p := range t {
		if p.Name != "" {
			fmt.Fprintf(&b, "{%s}", p.Name)
			continue
		}
		b.WriteString(strings.ReplaceAll(p.Text, "{", "{{"))
	}
	return b.String()
}
