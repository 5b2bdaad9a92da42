package openapi

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/sluice-dev/sluice/schema"
)

// bounds are how much of a schema is inlined.
type bounds struct{ depth, nodes int }

var (
	wide   = bounds{depth: 8, nodes: 250}
	narrow = bounds{depth: 3, nodes: 60}
)

// maxDescription is how many characters of a description inside a schema are kept.
const maxDescription = 300

// An inliner turns schemas of a document into JSON Schemas that stand alone.
type inliner struct {
	bounds
	request bool // what the server alone may set is left out
	path    []*openapi3.Schema
	cut     bool // something was left open
}

// schema returns the JSON Schema for a reference. What is too deep, too much, or a part
// of itself is only a type, which accepts more.
func (in *inliner) schema(ref *openapi3.SchemaRef) mapping {
	if ref == nil || ref.Value == nil {
		return nil
	}
	s := ref.Value
	in.nodes--
	if len(in.path) >= in.depth || in.nodes < 0 || slices.Contains(in.path, s) {
		in.cut = true
		return mapping(nil).with("type", typeOf(s)).with("description", brief(s.Description, maxDescription))
	}
	in.path = append(in.path, s)
	defer func() { in.path = in.path[:len(in.path)-1] }()
	m := mapping(nil).with("type", typeOf(s)).with("description", brief(s.Description, maxDescription))
	m = in.values(m, s)
	m = numbers(m, s)
	m = in.lists(m, s)
	m = in.objects(m, s)
	return in.combinations(m, s)
}

// typeOf returns the type, where null is one of several.
func typeOf(s *openapi3.Schema) any {
	if s.Type == nil || len(*s.Type) == 0 {
		return nil
	}
	names := slices.Clone(*s.Type)
	if s.Nullable && !slices.Contains(names, "null") {
		names = append(names, "null")
	}
	if len(names) == 1 {
		return names[0]
	}
	var list []any
	for _, name := range names {
		list = append(list, name)
	}
	return list
}

// values adds what says which values there are.
func (in *inliner) values(m mapping, s *openapi3.Schema) mapping {
	var enum []any
	for _, v := range s.Enum {
		enum = append(enum, valueOf(v))
	}
	if len(enum) > 0 && s.Nullable && !slices.Contains(s.Enum, nil) {
		enum = append(enum, nil)
	}
	m = m.with("enum", enum)
	if s.Const != nil {
		m = m.with("const", valueOf(s.Const))
	}
	if s.Default != nil {
		m = append(m, member{"default", valueOf(s.Default)})
	}
	m = m.with("format", s.Format)
	if s.MinLength > 0 {
		m = m.with("minLength", whole(s.MinLength))
	}
	if s.MaxLength != nil {
		m = m.with("maxLength", whole(*s.MaxLength))
	}
	if compiles(s.Pattern) {
		m = m.with("pattern", s.Pattern)
	}
	return m
}

// compiles reports whether a pattern is one that the server can check.
func compiles(pattern string) bool {
	source, err := json.Marshal(map[string]string{"pattern": pattern})
	if err == nil && pattern != "" {
		_, err = schema.Compile(source)
	}
	return err == nil
}

func numbers(m mapping, s *openapi3.Schema) mapping {
	bound := func(key string, limit *float64, exclusive openapi3.ExclusiveBound) {
		switch {
		case exclusive.Value != nil:
			m = m.with("exclusive"+strings.ToUpper(key[:1])+key[1:], number(*exclusive.Value))
		case limit != nil && exclusive.IsTrue():
			m = m.with("exclusive"+strings.ToUpper(key[:1])+key[1:], number(*limit))
			return
		}
		if limit != nil {
			m = m.with(key, number(*limit))
		}
	}
	bound("minimum", s.Min, s.ExclusiveMin)
	bound("maximum", s.Max, s.ExclusiveMax)
	if s.MultipleOf != nil && *s.MultipleOf > 0 {
		m = m.with("multipleOf", number(*s.MultipleOf))
	}
	return m
}

func (in *inliner) lists(m mapping, s *openapi3.Schema) mapping {
	m = m.with("items", in.schema(s.Items)).with("prefixItems", in.schemas(s.PrefixItems))
	if s.MinItems > 0 {
		m = m.with("minItems", whole(s.MinItems))
	}
	if s.MaxItems != nil {
		m = m.with("maxItems", whole(*s.MaxItems))
	}
	if s.UniqueItems {
		m = m.with("uniqueItems", true)
	}
	return m
}

func (in *inliner) objects(m mapping, s *openapi3.Schema) mapping {
	var properties mapping
	var required []any
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		property := s.Properties[name]
		if in.request && property.Value != nil && property.Value.ReadOnly {
			continue
		}
		properties = append(properties, member{name, in.schema(property)})
	}
	for _, name := range s.Required {
		property := s.Properties[name]
		if !in.request || property == nil || property.Value == nil || !property.Value.ReadOnly {
			required = append(required, name)
		}
	}
	m = m.with("properties", properties).with("required", required)
	switch more := s.AdditionalProperties; {
	case more.Has != nil && !*more.Has:
		m = m.with("additionalProperties", false)
	case more.Schema != nil:
		m = m.with("additionalProperties", in.schema(more.Schema))
	}
	return m
}

func (in *inliner) combinations(m mapping, s *openapi3.Schema) mapping {
	m = m.with("allOf", in.schemas(s.AllOf)).with("anyOf", in.schemas(s.AnyOf))
	// Alternatives that are partly left open can overlap, which oneOf forbids.
	cut := in.cut
	in.cut = false
	alternatives := in.schemas(s.OneOf)
	if in.cut || s.Nullable {
		m = m.with("anyOf", alternatives)
	} else {
		m = m.with("oneOf", alternatives)
	}
	in.cut = in.cut || cut
	if s.Nullable && s.Type == nil && len(alternatives) > 0 {
		m[len(m)-1].value = append(alternatives, mapping{{"type", "null"}})
	}
	return m
}

func (in *inliner) schemas(refs openapi3.SchemaRefs) []any {
	var list []any
	for _, ref := range refs {
		s := in.schema(ref)
		if s == nil {
			s = mapping{}
		}
		list = append(list, s)
	}
	return list
}

// valueOf turns a decoded value into one that can be written.
func valueOf(value any) any {
	switch v := value.(type) {
	case string, bool, nil:
		return v
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = valueOf(item)
		}
		return list
	case map[string]any:
		var m mapping
		for _, key := range slices.Sorted(maps.Keys(v)) {
			m = append(m, member{key, valueOf(v[key])})
		}
		return m
	}
	text, err := json.Marshal(value)
	if err != nil || !json.Valid(text) || text[0] == '"' {
		return strings.Trim(string(text), `"`)
	}
	return json.Number(text)
}

func whole(n uint64) json.Number { return json.Number(strconv.FormatUint(n, 10)) }

func number(n float64) json.Number { return json.Number(strconv.FormatFloat(n, 'f', -1, 64)) }

// brief returns the beginning of a text, up to the end of a word, without characters
// that nobody sees: they could hide something from whoever reads the entry.
func brief(text string, most int) string {
	text = strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.Is(unicode.Cf, c) || unicode.IsControl(c) && c != '\n' && c != '\t' {
			return -1
		}
		return c
	}, text))
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	cut := string(runes[:most])
	if i := strings.LastIndexAny(cut, " \n"); i > len(cut)/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " \n.,;:") + " [...]"
}
