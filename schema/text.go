package schema

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxShown  = 40 // runes of a value in a message
	maxListed = 20 // names in a message
)

// show names the type of a value and, where it is short, the value.
func show(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean " + strconv.FormatBool(value)
	case string:
		return "string " + quote(value)
	case json.Number:
		if hasType(value, "integer") {
			return "integer " + plain(value)
		}
		return "number " + plain(value)
	case []any:
		return fmt.Sprintf("an array of %d", len(value))
	}
	return "an object"
}

// plain writes a value as JSON, shortened.
func plain(value any) string {
	switch value := value.(type) {
	case string:
		return quote(value)
	case json.Number:
		return shorten(string(value), maxShown)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return show(value)
	}
	return shorten(string(text), maxShown)
}

func quote(s string) string { return strconv.Quote(shorten(s, maxShown)) }

// shorten cuts s after n runes.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i] + "..."
		}
		n--
	}
	return s
}

func list(names []string) string {
	if rest := len(names) - maxListed; rest > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxListed], ", "), rest)
	}
	return strings.Join(names, ", ")
}

// length is what the keywords on sizes count.
func length(value any) int {
	switch value := value.(type) {
	case string:
		return utf8.RuneCountInString(value)
	case []any:
		return len(value)
	case map[string]any:
		return len(value)
	}
	return 0
}

// hasType reports whether a value is of a type of JSON Schema, where an integer is
// any number without a fraction: 5.0 is one.
func hasType(value any, name string) bool {
	switch value := value.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	case json.Number:
		return name == "number" || name == "integer" && isInteger(string(value))
	}
	return false
}

func isInteger(number string) bool {
	if !strings.ContainsAny(number, ".eE") {
		return true
	}
	r, ok := new(big.Rat).SetString(number)
	return ok && r.IsInt()
}
