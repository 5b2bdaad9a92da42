package schema

import (
	"net/url"
	"strconv"
	"strings"
)

// escape makes a name a token of a JSON Pointer (RFC 6901, section 3).
func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

func unescape(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}

// decodePointer makes a JSON Pointer of what the validator calls one, whose tokens
// are escaped for a URL as well.
func decodePointer(pointer string) string {
	if plain, err := url.PathUnescape(pointer); err == nil {
		return plain
	}
	return pointer
}

func unescapeValidator(token string) string { return unescape(decodePointer(token)) }

// lookup follows a pointer of the validator's.
func lookup(value any, pointer string) (any, bool) {
	if pointer == "" {
		return value, true
	}
	for token := range strings.SplitSeq(pointer[1:], "/") {
		switch parent := value.(type) {
		case map[string]any:
			member, ok := parent[unescapeValidator(token)]
			if !ok {
				return nil, false
			}
			value = member
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(parent) {
				return nil, false
			}
			value = parent[i]
		default:
			return nil, false
		}
	}
	return value, true
}
