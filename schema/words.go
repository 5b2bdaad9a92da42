package schema

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// violations puts a leaf into words.
func (t *translator) violations(l leaf) []Violation {
	pointer := decodePointer(l.pointer)
	if l.text != "" {
		return []Violation{{pointer, l.text}}
	}
	if l.schema == nil {
		return []Violation{{pointer, l.error.Message}}
	}
	value := t.value(l.error)
	switch l.keyword {
	case "required":
		return missing(pointer, l.schema, value)
	case "additionalProperties":
		if object, ok := value.(map[string]any); ok {
			return unknown(pointer, l.schema, object)
		}
	}
	message := words(l, value)
	if _, ok := nameOf(l.error); ok {
		message = "the name of the property: " + message
	}
	return []Violation{{pointer, message}}
}

// words says what a keyword wants and what it got.
func words(l leaf, value any) string {
	s := l.schema
	switch l.keyword {
	case "":
		return "is not allowed here"
	case "type":
		return fmt.Sprintf("expected %s, got %s", strings.Join(s.Types, " or "), show(value))
	case "const":
		return fmt.Sprintf("must be %s, got %s", plain(s.Constant[0]), show(value))
	case "enum":
		return enumWords(s.Enum, value)
	case "not":
		return "must not be what the schema excludes by \"not\", got " + show(value)
	case "oneOf":
		return strings.Replace(l.error.Message, "valid against schemas at indexes", "fits more than one alternative of oneOf, those at", 1)
	case "format":
		return formatWords(s.Format, value)
	case "pattern":
		return fmt.Sprintf("must match the pattern %s, got %s", quote(s.Pattern.String()), show(value))
	}
	if text, ok := numberWords(l, value); ok {
		return text
	}
	if text, ok := sizeWords(l, value); ok {
		return text
	}
	return l.error.Message
}

func formatWords(format string, value any) string {
	if format == "regex" { // only in a schema: see newCompiler
		return fmt.Sprintf("must be a pattern in RE2 syntax, without lookaround and back-references, got %s", show(value))
	}
	return fmt.Sprintf("must be in the format %s, got %s", quote(format), show(value))
}

func numberWords(l leaf, value any) (string, bool) {
	bounds := map[string]struct {
		words string
		bound *big.Rat
	}{
		"minimum":          {"at least", l.schema.Minimum},
		"maximum":          {"at most", l.schema.Maximum},
		"exclusiveMinimum": {"more than", l.schema.ExclusiveMinimum},
		"exclusiveMaximum": {"less than", l.schema.ExclusiveMaximum},
		"multipleOf":       {"a multiple of", l.schema.MultipleOf},
	}
	b, ok := bounds[l.keyword]
	if !ok || b.bound == nil {
		return "", false
	}
	return fmt.Sprintf("must be %s %s, got %s", b.words, decimal(b.bound), plain(value)), true
}

func sizeWords(l leaf, value any) (string, bool) {
	limits := map[string]struct {
		words, unit string
		limit       int
	}{
		"minLength":     {"at least", "characters", l.schema.MinLength},
		"maxLength":     {"at most", "characters", l.schema.MaxLength},
		"minItems":      {"at least", "items", l.schema.MinItems},
		"maxItems":      {"at most", "items", l.schema.MaxItems},
		"minProperties": {"at least", "properties", l.schema.MinProperties},
		"maxProperties": {"at most", "properties", l.schema.MaxProperties},
		"minContains":   {"at least", "items of the kind that \"contains\" describes", l.schema.MinContains},
		"maxContains":   {"at most", "items of the kind that \"contains\" describes", l.schema.MaxContains},
	}
	b, ok := limits[l.keyword]
	if !ok {
		return "", false
	}
	if strings.HasSuffix(l.keyword, "Contains") {
		return fmt.Sprintf("must have %s %d %s", b.words, b.limit, b.unit), true
	}
	return fmt.Sprintf("must have %s %d %s, has %d", b.words, b.limit, b.unit, length(value)), true
}

// decimal writes a number out in full where that is possible.
func decimal(r *big.Rat) string {
	if digits, exact := r.FloatPrec(); exact {
		return r.FloatString(digits)
	}
	return r.RatString()
}

func enumWords(allowed []any, value any) string {
	names := make([]string, len(allowed))
	var texts []string
	for i, item := range allowed {
		names[i] = plain(item)
		if text, ok := item.(string); ok {
			texts = append(texts, text)
		}
	}
	text := fmt.Sprintf("must be one of %s, got %s", list(names), show(value))
	if given, ok := value.(string); ok {
		text += didYouMean(given, texts)
	}
	return text
}

func missing(pointer string, s *jsonschema.Schema, value any) []Violation {
	object, _ := value.(map[string]any)
	var violations []Violation
	for _, name := range s.Required {
		if _, ok := object[name]; !ok {
			violations = append(violations, Violation{pointer, "missing required property " + quote(name)})
		}
	}
	return violations
}

// unknown names the properties that additionalProperties forbids.
func unknown(pointer string, s *jsonschema.Schema, object map[string]any) []Violation {
	allowed := slices.Sorted(maps.Keys(s.Properties))
	hint := "; none are allowed"
	if len(allowed) > 0 {
		names := make([]string, len(allowed))
		for i, name := range allowed {
			names[i] = quote(name)
		}
		hint = "; allowed: " + list(names)
	}
	var violations []Violation
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if _, known := s.Properties[name]; known || matchesPattern(s, name) {
			continue
		}
		message := "unknown property " + quote(name)
		if len(violations) <= maxViolations {
			message += hint + didYouMean(name, allowed)
		}
		violations = append(violations, Violation{pointer, message})
	}
	return violations
}

func matchesPattern(s *jsonschema.Schema, name string) bool {
	for pattern := range s.PatternProperties {
		if pattern.MatchString(name) {
			return true
		}
	}
	return false
}
