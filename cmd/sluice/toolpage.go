package main

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/arguments"
	"github.com/sluice-dev/sluice/tools/upstream"
)

// printOne shows one tool, and a line that calls it.
func (o *toolsOptions) printOne(w io.Writer, tool *upstream.Tool) {
	if o.json {
		printText(w, indented(tool.Raw))
		return
	}
	fmt.Fprint(w, toolPage(tool), "\nCall it:\n  ", o.target.callLine(invocation(), tool), "\n")
}

// toolPage says what a tool does, takes and gives back.
func toolPage(tool *upstream.Tool) string {
	var b strings.Builder
	b.WriteString(oneLine(tool.Name))
	if tool.Title != "" {
		b.WriteString(": " + oneLine(tool.Title))
	}
	b.WriteString("\n")
	if text := strings.TrimSpace(tool.Description); text != "" {
		b.WriteString("\n" + inert(text) + "\n")
	}
	if hints := hintsOf(tool); len(hints) > 0 {
		b.WriteString("\nIt says of itself: " + strings.Join(hints, ", ") + ".\n")
	}
	properties := arguments.Properties(tool.InputSchema)
	if len(properties) > 0 {
		b.WriteString("\nArguments:\n")
	}
	for _, p := range properties {
		writeProperty(&b, p)
	}
	if tool.OutputSchema != nil {
		b.WriteString("\nStructured output:\n  " + inert(strings.ReplaceAll(indented(tool.OutputSchema), "\n", "\n  ")) + "\n")
	}
	return b.String()
}

// callLine returns the command that calls a tool of this target, with values to be
// replaced for what the tool requires.
func (t *target) callLine(program string, tool *upstream.Tool) string {
	words := []string{program, "call", shellWord(oneLine(tool.Name))}
	for _, p := range arguments.Properties(tool.InputSchema) {
		if p.Required {
			words = append(words, shellWord(oneLine(p.Name))+"="+exampleValue(p.Type))
		}
	}
	switch {
	case t.url != "":
		words = append(words, "--url", shellWord(t.url))
	case t.config != "":
		words = append(words, "--config", shellWord(t.config))
	case t.command != nil:
		words = append(words, "--")
		for _, word := range t.command {
			words = append(words, shellWord(word))
		}
	}
	return strings.Join(words, " ")
}

// plainWord is what no shell takes for anything else.
var plainWord = regexp.MustCompile(`^[\w@%+:,./=-]+$`)

// shellWord quotes a word where a POSIX shell would not take it as it is.
func shellWord(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// writeProperty writes a property: name, type and what bounds it, then what it is
// for.
func writeProperty(b *strings.Builder, p arguments.Property) {
	var s propertySchema
	_ = json.Unmarshal(p.Source, &s) // what it cannot read is not shown
	facts := []string{p.Type}
	if p.Required {
		facts = append(facts, "required")
	}
	facts = append(facts, s.facts()...)
	fmt.Fprintf(b, "  %s  (%s)\n", oneLine(p.Name), oneLine(strings.Join(facts, ", ")))
	if s.Description != "" {
		b.WriteString("      " + oneLine(s.Description) + "\n")
	}
}

// propertySchema is what of a property's schema is shown.
type propertySchema struct {
	Description string            `json:"description"`
	Enum        []json.RawMessage `json:"enum"`
	Default     json.RawMessage   `json:"default"`
	Minimum     json.RawMessage   `json:"minimum"`
	Maximum     json.RawMessage   `json:"maximum"`
	Pattern     string            `json:"pattern"`
}

// facts words what bounds a property.
func (s *propertySchema) facts() (facts []string) {
	for _, fact := range []struct {
		word  string
		value json.RawMessage
	}{{"from", s.Minimum}, {"to", s.Maximum}, {"default", s.Default}} {
		if fact.value != nil {
			facts = append(facts, fact.word+" "+string(fact.value))
		}
	}
	if s.Pattern != "" {
		facts = append(facts, "like "+s.Pattern)
	}
	var values []string
	for _, value := range s.Enum {
		values = append(values, string(value))
	}
	if len(values) > 0 {
		facts = append(facts, "one of "+strings.Join(values, ", "))
	}
	return facts
}

// hintsOf words the annotations of a tool, which nobody has verified.
func hintsOf(tool *upstream.Tool) []string {
	a := tool.Annotations
	if a == nil {
		return nil
	}
	var hints []string
	for _, hint := range []struct {
		value    *bool
		yes, not string
	}{
		{a.ReadOnlyHint, "changes nothing", "changes things"},
		{a.DestructiveHint, "may destroy", "destroys nothing"},
		{a.IdempotentHint, "may be repeated", "not to be repeated blindly"},
		{a.OpenWorldHint, "reaches out", "stays within its own data"},
	} {
		switch {
		case hint.value == nil:
		case *hint.value:
			hints = append(hints, hint.yes)
		default:
			hints = append(hints, hint.not)
		}
	}
	return hints
}

// exampleValue returns a value to be replaced.
func exampleValue(kind string) string {
	for _, example := range []struct{ kind, value string }{
		{"string", "TEXT"}, {"any", "TEXT"}, {"integer", "5"}, {"number", "1.5"},
		{"boolean", "true"}, {"array", "'[]'"}, {"object", "'{}'"},
	} {
		if slices.Contains(strings.Split(kind, "|"), example.kind) {
			return example.value
		}
	}
	return "null"
}
