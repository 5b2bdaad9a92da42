package command

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// A template is a text with placeholders, cut into its pieces.
type template []piece

// A piece is a placeholder if it has a name, and a text to be taken as it is
// otherwise.
type piece struct{ name, text string }

// parseTemplate cuts a text into pieces: {name} is a placeholder, {{ is one brace.
func parseTemplate(source string) (template, error) {
	var t template
	for source != "" {
		text, rest, found := strings.Cut(source, "{")
		switch {
		case !found:
			return t.with(piece{text: text}), nil
		case strings.HasPrefix(rest, "{"):
			t = t.with(piece{text: text + "{"})
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
		t = t.with(piece{text: text}).with(piece{name: name})
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
func (t template) with(p piece) template {
	last := len(t) - 1
	switch {
	case p == piece{}:
	case p.name == "" && last >= 0 && t[last].name == "":
		t[last].text += p.text
	default:
		t = append(t, p)
	}
	return t
}

// names returns the names of the placeholders, in order, with repetitions.
func (t template) names() []string {
	var names []string
	for _, p := range t {
		if p.name != "" {
			names = append(names, p.name)
		}
	}
	return names
}

// literal returns the text of a template that has no placeholders.
func (t template) literal() string {
	if len(t) == 0 {
		return ""
	}
	return t[0].text
}

// fill returns the text with the values put in, and false where one is missing.
func (t template) fill(values map[string]string) (string, bool) {
	var b strings.Builder
	for _, p := range t {
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		value, ok := values[p.name]
		if !ok {
			return "", false
		}
		b.WriteString(value)
	}
	return b.String(), true
}

// lead returns the name of the placeholder whose value the filled text begins with;
// the empty name where it begins with a text of the template's own.
func (t template) lead(values map[string]string) string {
	for _, p := range t {
		if p.text != "" {
			return ""
		}
		if values[p.name] != "" {
			return p.name
		}
	}
	return ""
}

// String returns a source that parses to t.
func (t template) String() string {
	var b strings.Builder
	for _, p := range t {
		if p.name != "" {
			fmt.Fprintf(&b, "{%s}", p.name)
			continue
		}
		b.WriteString(strings.ReplaceAll(p.text, "{", "{{"))
	}
	return b.String()
}
