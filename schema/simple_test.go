package schema

import (
	"testing"
)

// simpleSchemas are schemas that a simple holds.
var simpleSchemas = []string{
	`true`, `false`, `{}`, `{"type":"string","title":"T","description":"d","default":"x","examples":["y"]}`,
	`{"type":["string","null"],"minLength":2,"maxLength":4}`, `{"type":"integer","minimum":-3,"maximum":1000}`, `{"type":"number"}`,
	`{"enum":["a","b",true,null]}`, `{"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":3}`, `{"type":"boolean"}`,
	`{"type":"object","properties":{"text":{"type":"string"},"from":{"type":"integer","minimum":1,"maximum":600},
		"list":{"type":"array","items":{"type":"object","properties":{"x":{}},"required":["x"]}},"never":false},
		"required":["text"],"additionalProperties":false}`,
	`{"type":"object","properties":{"a":{"type":"object"}}}`, `{"required":["a"]}`, `{"minimum":5}`, `{"maxItems":0}`, `{"type":"null"}`,
}

// otherSchemas say more than a simple can hold.
var otherSchemas = []string{
	`{"pattern":"a"}`, `{"const":1}`, `{"enum":[1]}`, `{"enum":[["a"]]}`, `{"not":{}}`, `{"anyOf":[{}]}`, `{"allOf":[{}]}`, `{"oneOf":[{}]}`,
	`{"if":{}, "then":{}}`, `{"$ref":"#/$defs/a","$defs":{"a":{}}}`, `{"format":"date"}`, `{"minimum":1.5}`, `{"maximum":1e30}`,
	`{"exclusiveMinimum":1}`, `{"exclusiveMaximum":1}`, `{"multipleOf":2}`, `{"uniqueItems":true}`, `{"prefixItems":[{}]}`, `{"contains":{}}`,
	`{"additionalProperties":{"type":"string"}}`, `{"patternProperties":{"a":{}}}`, `{"propertyNames":{}}`, `{"minProperties":1}`,
	`{"maxProperties":1}`, `{"dependentRequired":{"a":["b"]}}`, `{"dependentSchemas":{"a":{}}}`, `{"unevaluatedProperties":false}`,
	`{"unevaluatedItems":false}`, `{"properties":{"a":{"pattern":"a"}}}`, `{"items":{"format":"date"}}`, `{"$dynamicAnchor":"a"}`,
	`{"$schema":"http://json-schema.org/draft-07/schema#","type":"string"}`, `{"minContains":2,"contains":{}}`,
}

func TestSimpleSchemas(t *testing.T) {
	t.Parallel()
	for _, source := range simpleSchemas {
		if mustCompile(t, source).simple == nil {
			t.Errorf("not simple: %s", source)
		}
	}
	for _, source := range otherSchemas {
		if mustCompile(t, source).simple != nil {
			t.Errorf("simple: %s", source)
		}
	}
}

// simpleValues are accepted by at least one of simpleSchemas, so that these are not
// held to nothing.
var simpleValues = []string{
	`null`, `true`, `"abc"`, `""`, `"éé"`, `7`, `-3`, `0`, `1000`, `1001`, `[1,2,3]`, `[]`, `["a"]`, `{}`, `{"a":"b"}`, `{"a":{"b":[null,"c"]}}`,
	`{"text":"a","from":600}`, `{"text":"a","list":[{"x":1},{"x":"y","z":true}]}`, `"a"`, `false`,
}

func TestSimpleAccepts(t *testing.T) {
	t.Parallel()
	for _, text := range simpleValues {
		accepted := 0
		for _, source := range simpleSchemas {
			if mustCompile(t, source).simple.accepts(mustDecode(t, text), MaxDepth) {
				accepted++
			}
		}
		if accepted == 0 {
			t.Errorf("no schema accepts %s", text)
		}
	}
	deep := map[string]any{}
	deep["a"] = deep
	if mustCompile(t, `{}`).simple.accepts(deep, MaxDepth) {
		t.Error("a value without end is accepted")
	}
}

// FuzzSimple checks that the validator accepts whatever a simple accepts.
func FuzzSimple(f *testing.F) {
	var schemas []*Schema
	for _, source := range simpleSchemas {
		schemas = append(schemas, mustCompile(f, source))
	}
	for _, text := range append(simpleValues, `1.0`, `-0`, `1e3`, `999999999999999`, `9999999999999999`, `{"text":"a","from":0}`, `{"text":"a","x":1}`,
		`{"from":1}`, `{"text":"a","never":null}`, `[1,2,3,4]`, `[1.5]`, `"abcde"`, `[[[]]]`) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := Decode(data)
		if err != nil {
			return
		}
		for _, s := range schemas {
			if !s.simple.accepts(value, MaxDepth) {
				continue
			}
			if _, err := measure(value); err != nil {
				t.Errorf("%s is accepted, yet %v", data, err)
			}
			if err := safely(s.full().root, value); err != nil {
				t.Errorf("%s is accepted by %s, yet %v", data, s.Source(), err)
			}
		}
	})
}
