package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"
)

// small is a schema as tools have them.
const small = `{"type":"object","properties":{"path":{"type":"string","minLength":1},"mode":{"enum":["read","write"]},` +
	`"limit":{"type":"integer","minimum":1,"maximum":1000}},"required":["path"],"additionalProperties":false}`

func TestValidateExactNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		schema, value string
		valid         bool
	}{
		{`{"const":9007199254740993}`, `9007199254740993`, true},
		{`{"const":9007199254740993}`, `9007199254740992`, false},
		{`{"maximum":9007199254740992}`, `9007199254740993`, false},
		{`{"multipleOf":0.1}`, `0.3`, true},
		{`{"multipleOf":0.1}`, `0.35`, false},
		{`{"type":"integer"}`, `5.0`, true},
		{`{"type":"integer"}`, `5e2`, true},
		{`{"type":"integer"}`, `5.5`, false},
		{`{"type":"integer"}`, `1e400`, true},
		{`{"type":"number","maximum":1e399}`, `1e400`, false},
		{`{"enum":[1.0]}`, `1`, true},
		{`{"uniqueItems":true}`, `[1,1.0]`, false},
		{`{"type":"number"}`, `1e1001`, false},
		{`{"type":"number"}`, `1e-99999999999999999999`, false},
		{`true`, `1e999999999`, false},
		{`true`, strings.Repeat("1", maxDigits+1), false},
		{`false`, `1`, false},
	} {
		err := mustCompile(t, c.schema).Validate(mustDecode(t, c.value))
		if (err == nil) != c.valid {
			t.Errorf("%s against %.40s: %v", c.value, c.schema, err)
		}
	}
}

// TestValidateAnyValue sees that no value panics, whatever Decode would never make.
func TestValidateAnyValue(t *testing.T) {
	t.Parallel()
	circle := map[string]any{}
	circle["self"] = circle
	strict := mustCompile(t, `{"type":["object","number"],"maximum":1,"enum":[1],"uniqueItems":true,"multipleOf":2}`)
	lax := mustCompile(t, `true`)
	for _, value := range []any{
		circle, math.NaN(), math.Inf(1), int16(1), json.Number(""), json.Number("0x1p4"), json.Number("1/3"), json.Number("NaN"), json.Number("1e"),
		json.Number("1_0"), struct{}{}, make(chan int), []string{"a"}, map[string]any{"a": []any{func() {}}}, map[any]any{}, []byte("a"),
	} {
		for _, s := range []*Schema{strict, lax} {
			var failed *ValidationError
			if err := s.Validate(value); !errors.As(err, &failed) || len(failed.Violations) == 0 {
				t.Errorf("%T against %s: %v; want a ValidationError", value, s.Source(), err)
			}
		}
	}
	for _, value := range []any{map[string]any(nil), []any(nil), nil} {
		_ = strict.Validate(value)
	}
}

// branching is a recursive schema whose validation doubles its work at each level.
const branching = `{"allOf":[{"properties":{"x":{"$ref":"#"}}},{"properties":{"x":{"$ref":"#"}}}]}`

// dynamic hides the same behind a reference that is resolved while a value is
// validated, to a schema that no other reference leads to.
const dynamic = `{"$id":"https://example.com/root","$ref":"list","$defs":{
	"own":{"$dynamicAnchor":"n","allOf":[{"properties":{"x":{"$ref":"#/$defs/own"}}},{"properties":{"x":{"$ref":"#/$defs/own"}}}]},
	"list":{"$id":"list","properties":{"x":{"$dynamicRef":"#n"}},"$defs":{"default":{"$dynamicAnchor":"n"}}}}}`

// endless is longer than any of these takes on a machine that is busy with much else, and
// next to nothing beside what those take that are not stopped.
const endless = time.Minute

func TestValidateEndsInTime(t *testing.T) {
	t.Parallel()
	objects := func(n int) string { return strings.Repeat(`{"x":`, n) + "1" + strings.Repeat("}", n) }
	lists := "[" + strings.Repeat(`[{},{},{}],`, 20_000) + "{}]"
	var many []string
	for i := range 5_000 {
		many = append(many, fmt.Sprintf(`{"const":%d}`, i))
	}
	for name, c := range map[string]struct{ schema, value string }{
		"doubling at each level":     {branching, objects(100)},
		"doubling by $dynamicRef":    {dynamic, objects(100)},
		"doubling and failing":       {strings.Replace(branching, `{"allOf"`, `{"type":"object","allOf"`, 1), objects(100)},
		"alternatives of one type":   {doubling("anyOf", 10), lists},
		"many constants":             {`{"items":{"anyOf":[` + strings.Join(many[:4_900], ",") + `]}}`, wide(5_000)},
		"tree of errors":             {`{"items":{"$ref":"#"},"type":"array"}`, deep(100)[:100] + lists + deep(100)[100:]},
		"pattern on a long text":     {`{"pattern":"(x?){900}(y?){900}z"}`, `"` + strings.Repeat("xy", 1<<20) + `"`},
		"a long value of a schema":   {`{"$ref":"https://json-schema.org/draft/2020-12/schema"}`, `{"default":` + wide(maxMetaValues) + `}`},
		"metaschema on a long value": {`{"allOf":[` + strings.Repeat(`{"$ref":"https://json-schema.org/draft/2020-12/schema"},`, 50) + `{}]}`, lists},
	} {
		t.Run(name, func(t *testing.T) {
			s, value := mustCompile(t, c.schema), mustDecode(t, c.value)
			start := time.Now()
			err := s.Validate(value)
			if took := time.Since(start); took > endless {
				t.Errorf("took %v", took)
			}
			if err == nil {
				t.Error("valid; want a refusal")
			}
		})
	}
}

// TestValidateRecursive holds the metered way to the same answers as the other.
func TestValidateRecursive(t *testing.T) {
	t.Parallel()
	s := mustCompile(t, `{"type":"object","properties":{"v":{"type":"integer"},"left":{"$ref":"#"},"right":{"$ref":"#"},"no":false},"required":["v"],"unevaluatedProperties":false}`)
	if !s.work.recursive {
		t.Fatal("not seen as recursive")
	}
	for value, want := range map[string]string{
		`{"v":1,"left":{"v":2},"right":{"v":3,"left":{"v":4}}}`: "",
		`{"v":1,"left":5}`:         "/left: expected object, got integer 5",
		`{"v":1,"left":{"v":"x"}}`: `/left/v: expected integer, got string "x"`,
		`{"v":1,"right":{}}`:       `/right: missing required property "v"`,
		`{"v":1,"no":1}`:           "/no: is not allowed here",
		`{"v":1,"other":1}`:        "/other: is not allowed here",
	} {
		err := s.Validate(mustDecode(t, value))
		if got := fmt.Sprint(err); want == "" && err != nil || want != "" && got != want {
			t.Errorf("%s: %v; want %s", value, got, want)
		}
	}
}

func TestValidateConcurrently(t *testing.T) {
	t.Parallel()
	for _, source := range []string{small, `{"type":"object","properties":{"path":{"type":"string"},"x":{"$ref":"#"}},"required":["path"]}`} {
		s := mustCompile(t, source)
		var group sync.WaitGroup
		for i := range 50 {
			value := map[string]any{"path": "a"}
			if i%2 == 1 {
				value = map[string]any{"path": json.Number("1")}
			}
			group.Go(func() {
				if err := s.Validate(value); (err == nil) != (i%2 == 0) {
					t.Errorf("%v: %v", value, err)
				}
			})
		}
		group.Wait()
	}
}

func FuzzValidate(f *testing.F) {
	schemas := []*Schema{mustCompile(f, small), mustCompile(f, branching), mustCompile(f, everything)}
	for _, seed := range []string{`{"path":"a"}`, `{"x":{"x":{"x":1}}}`, `[1,"a",{"b":null}]`, `1e400`, `{"a/b c":{"kind":"a"},"pth":[]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := Decode(data)
		if err != nil {
			return
		}
		for _, s := range schemas {
			start := time.Now()
			first, second := s.Validate(value), s.Validate(value)
			took := time.Since(start)
			if took < patience && fmt.Sprint(first) != fmt.Sprint(second) {
				t.Fatalf("%v and then %v", first, second)
			}
			if took > 8*patience {
				t.Fatalf("took %v", took)
			}
		}
	})
}

func BenchmarkValidate(b *testing.B) {
	for name, c := range map[string]struct{ schema, value string }{
		"small":     {small, `{"path":"/srv/docs/readme.md","mode":"read","limit":100}`},
		"invalid":   {small, `{"pth":"/srv/docs/readme.md","mode":"read","limit":"x"}`},
		"recursive": {`{"type":"object","properties":{"v":{"type":"integer"},"next":{"$ref":"#"}}}`, `{"v":1,"next":{"v":2,"next":{"v":3}}}`},
		"64KiB":     {`{"type":"object","properties":{"text":{"type":"string"}}}`, `{"text":"` + strings.Repeat("a", 64<<10) + `"}`},
	} {
		b.Run(name, func(b *testing.B) {
			s, value := mustCompile(b, c.schema), mustDecode(b, c.value)
			b.ReportAllocs()
			for b.Loop() {
				_ = s.Validate(value)
			}
		})
	}
}
