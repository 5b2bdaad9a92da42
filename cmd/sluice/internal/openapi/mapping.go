package openapi

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A mapping is an object whose members keep their order.
type mapping []member

type member struct {
	key   string
	value any // mapping, []any, string, bool, json.Number or nil
}

// with returns the mapping with one more member, unless the value is empty.
func (m mapping) with(key string, value any) mapping {
	switch v := value.(type) {
	case nil:
		return m
	case string:
		if v == "" {
			return m
		}
	case mapping:
		if len(v) == 0 {
			return m
		}
	case []any:
		if len(v) == 0 {
			return m
		}
	}
	return append(m, member{key, value})
}

func (m mapping) get(key string) any {
	for _, f := range m {
		if f.key == key {
			return f.value
		}
	}
	return nil
}

// without returns a copy that lacks a member.
func (m mapping) without(key string) mapping {
	var rest mapping
	for _, f := range m {
		if f.key != key {
			rest = append(rest, f)
		}
	}
	return rest
}

// width is how long a line may be before its value is broken into several.
const width = 110

// write appends a value in YAML, at an indent; what comes before it in its line is
// there already. A short value stays in its line.
func write(b *strings.Builder, value any, indent int) {
	if flow := flowOf(value); len(flow)+indent <= width || !isBlock(value) {
		b.WriteString(" " + flow + "\n")
		return
	}
	b.WriteString("\n")
	margin := strings.Repeat(" ", indent)
	switch v := value.(type) {
	case mapping:
		for _, f := range v {
			b.WriteString(margin + scalar(f.key) + ":")
			write(b, f.value, indent+2)
		}
	case []any:
		for _, item := range v {
			b.WriteString(margin + "-")
			write(b, item, indent+2)
		}
	}
}

func isBlock(value any) bool {
	switch v := value.(type) {
	case mapping:
		return len(v) > 0
	case []any:
		return len(v) > 0
	}
	return false
}

// flowOf returns a value in one line.
func flowOf(value any) string {
	var parts []string
	switch v := value.(type) {
	case mapping:
		for _, f := range v {
			parts = append(parts, scalar(f.key)+": "+flowOf(f.value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		for _, item := range v {
			parts = append(parts, flowOf(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		return scalar(v)
	case bool:
		if v {
			return "true"
		}
		return "false"
	case json.Number:
		return v.String()
	}
	return "null"
}

// plain are the strings that need no quotes anywhere, and mean nothing but themselves
// to any reader of YAML.
var plain = regexp.MustCompile(`^[A-Za-z_/][A-Za-z0-9_./-]*( [A-Za-z0-9_./()-]+)*\.?$`)

// otherwise are words that old readers take for something else.
var otherwise = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null)$`)

// scalar writes a string: a JSON string is one of YAML too.
func scalar(text string) string {
	if plain.MatchString(text) && !otherwise.MatchString(text) {
		return text
	}
	quoted, err := jsontext.AppendQuote(nil, text)
	if err != nil {
		quoted, _ = jsontext.AppendQuote(nil, strings.ToValidUTF8(text, "\uFFFD"))
	}
	return strings.NewReplacer("\u0085", `\u0085`, "\u2028", `\u2028`, "\u2029", `\u2029`, "\ufeff", `\ufeff`, "\u007f", `\u007f`).Replace(string(quoted))
}
