package identity

import "strings"

// Tools are those that somebody may see and call. The zero value is none.
type Tools struct {
	all         bool
	allow, deny []string
}

// NewTools returns the tools of a list of patterns: "*" stands for any characters, and one
// behind "!" forbids, which goes before all that allows. Nil is every tool; an empty list
// is none.
func NewTools(patterns []string) Tools {
	t := Tools{all: patterns == nil}
	for _, pattern := range patterns {
		if forbidden, ok := strings.CutPrefix(pattern, "!"); ok {
			t.deny = append(t.deny, forbidden)
		} else {
			t.allow = append(t.allow, pattern)
		}
	}
	return t
}

// Allow reports whether the tool of that name is among them.
func (t *Tools) Allow(name string) bool {
	return t.all || !matchAny(t.deny, name) && matchAny(t.allow, name)
}

func matchAny(patterns []string, name string) bool {
	for _, pattern := range patterns {
		if match(pattern, name) {
			return true
		}
	}
	return false
}

// match reports whether the whole name is what the pattern says. It takes each "*" for as
// little as it can be, which is right: what is left is for the next.
func match(pattern, name string) bool {
	first, rest, any := strings.Cut(pattern, "*")
	if !any {
		return pattern == name
	}
	name, ok := strings.CutPrefix(name, first)
	for ok {
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(name, part)
		}
		_, name, ok = strings.Cut(name, part)
		rest = after
	}
	return false
}
