package schema

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"
)

// The bounds of [Compile].
const (
	maxSchemaBytes = 256 << 10
	maxSchemaDepth = 64
	// maxSubschemas counts every object and boolean of the source. The compiler's
	// time grows with the square of it: 10 000 take 2.5 s, this many 0.6 s.
	maxSubschemas = 5_000
	// maxBranches bounds the subschemas that one value is checked against, counting
	// one that several references lead to several times.
	maxBranches = 10_000
	// maxChain bounds how many subschemas stand between a schema and the last that
	// it applies to the same value.
	maxChain = 64
	// maxPattern and maxPatterns bound the instructions of one compiled pattern and
	// of all, since matching costs them times the length of the text.
	maxPattern  = 10_000
	maxPatterns = 100_000
)

// parse decodes a schema and checks what can be checked before it is compiled.
func parse(source []byte) (any, error) {
	if len(source) > maxSchemaBytes {
		return nil, fmt.Errorf("schema: %d bytes, more than %d", len(source), maxSchemaBytes)
	}
	doc, err := Decode(source)
	if err != nil {
		return nil, err
	}
	switch doc.(type) {
	case map[string]any, bool:
	default:
		return nil, errors.New("schema: neither an object nor a boolean")
	}
	size, err := measure(doc)
	switch {
	case err != nil:
		return nil, fmt.Errorf("schema: %w", err)
	case size.depth > maxSchemaDepth:
		return nil, fmt.Errorf("schema: nested %d deep, more than %d", size.depth, maxSchemaDepth)
	case size.schemas > maxSubschemas:
		return nil, fmt.Errorf("schema: %d subschemas, more than %d", size.schemas, maxSubschemas)
	}
	if err := checkDialect(doc); err != nil {
		return nil, err
	}
	return doc, checkPatterns(doc, new(int))
}

// dialects are the values of $schema that are served, newest first, without the
// scheme and the empty fragment, both of which authors vary.
var dialects = []string{
	"json-schema.org/draft/2020-12/schema",
	"json-schema.org/draft/2019-09/schema",
	"json-schema.org/draft-07/schema",
	"json-schema.org/draft-06/schema",
	"json-schema.org/draft-04/schema",
}

func checkDialect(doc any) error {
	root, _ := doc.(map[string]any)
	declared, ok := root["$schema"]
	if !ok {
		return nil
	}
	url, ok := declared.(string)
	if !ok {
		return errors.New("schema: $schema is not a string")
	}
	_, name, _ := strings.Cut(strings.TrimSuffix(url, "#"), "://")
	for _, dialect := range dialects {
		if name == dialect {
			return nil
		}
	}
	return fmt.Errorf("schema: the dialect %s is not supported; supported are 2020-12, 2019-09 and drafts 7, 6 and 4", quote(url))
}

// checkPatterns adds up the instructions of the patterns in doc. One that does not
// parse is left to the metaschema, which knows a pattern from data that looks like
// one.
func checkPatterns(doc any, total *int) error {
	switch doc := doc.(type) {
	case []any:
		for _, item := range doc {
			if err := checkPatterns(item, total); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, pattern := range patternsOf(doc) {
			n := instructions(pattern)
			if *total += n; n > maxPattern || *total > maxPatterns {
				return fmt.Errorf("schema: the pattern %s is too complex", quote(pattern))
			}
		}
		for _, member := range doc {
			if err := checkPatterns(member, total); err != nil {
				return err
			}
		}
	}
	return nil
}

func patternsOf(doc map[string]any) []string {
	var patterns []string
	if pattern, ok := doc["pattern"].(string); ok {
		patterns = append(patterns, pattern)
	}
	if properties, ok := doc["patternProperties"].(map[string]any); ok {
		for pattern := range properties {
			patterns = append(patterns, pattern)
		}
	}
	return patterns
}

// instructions estimates the size of a compiled pattern without compiling it, since
// fifty characters can compile to a hundred megabytes.
func instructions(pattern string) int {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0
	}
	return weigh(re)
}

func weigh(re *syntax.Regexp) int {
	n := 1 // for a class of characters too, however many
	if re.Op == syntax.OpLiteral {
		n = len(re.Rune)
	}
	for _, sub := range re.Sub {
		n += weigh(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return min(n, maxPatterns+1)
}
