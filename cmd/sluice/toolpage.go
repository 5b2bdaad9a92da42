package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/arguments"
	"github.com/sluice-dev/sluice/tools/upstream"
)

// printOne shows one tool: what it does, what it takes, and a line that calls it.
func (o *toolsOptions) printOne(w io.Writer, tool *upstream.Tool) {
	if o.json {
		printText(w, indented(tool.Raw))
		return
	}
	fmt.Fprint(w, toolPage(tool))
}

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
	b.WriteString("\nCall it:\n  sluice call " + oneLine(tool.Name) + exampleArguments(properties) + "\n")
	return b.String()
}

// writeProperty writes a property: name, type and what bounds it, then what it is
// for.
func writeProperty(b *strings.Builder, p arguments.Property) {
	var s struct {
		Description string            `json:"description"`
		Enum        []json.RawMessage `json:"enum"`
		Default     json.RawMessage   `json:"default"`
		Minimum     json.RawMessage   `json:"minimum"`
		Maximum     json.RawMessage   `json:"maximum"`
		Pattern     string            `json:"pattern"`
	}
	_ = json.Unmarshal(p.Source, &s) // what it cannot read is not shown
	facts := []string{p.Type}
	if p.Required {
		facts = append(facts, "required")
	}
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
	fmt.Fprintf(b, "  %s  (%s)\n", oneLine(p.Name), oneLine(strings.Join(facts, ", ")))
	if s.Description != "" {
		b.WriteString("      " + oneLine(s.Description) + "\n")
	}
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

// exampleArguments returns the required arguments with values to be replaced.
func exampleArguments(properties []arguments.Property) string {
	var b strings.Builder
	for _, p := range properties {
		if p.Required {
			b.WriteString(" " + oneLine(p.Name) + "=" + exampleValue(p.Type))
		}
	}
	return b.String()
}

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
