package schema

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestCompileDialects(t *testing.T) {
	t.Parallel()
	// In each dialect the same two items are allowed by other words.
	for dialect, items := range map[string]string{
		"": "prefixItems",
		"https://json-schema.org/draft/2020-12/schema":  "prefixItems",
		"https://json-schema.org/draft/2020-12/schema#": "prefixItems",
		"https://json-schema.org/draft/2019-09/schema":  "items",
		"http://json-schema.org/draft-07/schema#":       "items",
		"https://json-schema.org/draft-07/schema":       "items",
		"http://json-schema.org/draft-06/schema#":       "items",
		"http://json-schema.org/draft-04/schema#":       "items",
	} {
		declared := ""
		if dialect != "" {
			declared = fmt.Sprintf(`"$schema":%q,`, dialect)
		}
		s := mustCompile(t, fmt.Sprintf(`{%s%q:[{"type":"integer"},{"type":"string"}]}`, declared, items))
		if err := s.Validate(mustDecode(t, `[1,"a"]`)); err != nil {
			t.Errorf("%s: %v", dialect, err)
		}
		if err := s.Validate(mustDecode(t, `["a",1]`)); err == nil {
			t.Errorf("%s: items in the wrong order are valid", dialect)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		``:                      "EOF",
		`{`:                     "EOF",
		`[]`:                    "neither an object nor a boolean",
		`"x"`:                   "neither an object nor a boolean",
		`{"a":1,"a":2}`:         "duplicate",
		"{\"title\":\"\xff\"}":  "UTF-8",
		`{"type":"objekt"}`:     `/type: must be one of`,
		`{"properties":[]}`:     "/properties: expected object, got an array",
		`{"minLength":-1}`:      "/minLength: must be at least 0, got -1",
		`{"minLength":1e99999}`: "more than 1000 digits",
		`{"minimum":1e9999999}`: "more than 1000 digits",
		`{"$schema":5}`:         "$schema is not a string",
		`{"$schema":"https://example.com/dialect"}`:                                  `the dialect "https://example.com/dialect" is not supported; supported are 2020-12`,
		`{"$schema":"http://json-schema.org/draft-03/schema#"}`:                      "not supported",
		`{"pattern":"(?=a)"}`:                                                        "/pattern: must be a pattern in RE2 syntax",
		`{"patternProperties":{"(a)\\1":{}}}`:                                        "RE2",
		`{"pattern":"` + strings.Repeat(`(a{900}b)`, 12) + `"}`:                      "too complex",
		`{"allOf":[` + strings.Repeat(`{"pattern":"(abcdefgh){900}"},`, 16) + `{}]}`: "too complex",
		`{"$ref":"#/$defs/none"}`:                                                    "not found",
		`{"$ref":"#"}`:                                                               "circle",
		`{"allOf":[{"$ref":"#"}]}`:                                                   "circle",
		`{"$dynamicAnchor":"a","not":{"$dynamicRef":"#a"}}`:                          "circle",
		`{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"anyOf":[{"$ref":"#/$defs/a"}]}}}`:                   "circle",
		`{"$schema":"https://json-schema.org/draft/2019-09/schema","$recursiveAnchor":true,"not":{"$recursiveRef":"#"}}`: "circle",
		`{"title":"` + strings.Repeat("a", maxSchemaBytes) + `"}`:                                                        "bytes, more than",
		nested(maxSchemaDepth): "nested 65 deep",
		flat(maxSubschemas):    "subschemas, more than",
		doubling("anyOf", 16):  "expands to more than 10000 branches",
		doubling("oneOf", 20):  "expands to more than 10000 branches",
		doubling("allOf", 100): "expands to more than 10000 branches",
		chained(maxChain):      "chain of more than",
	} {
		start := time.Now()
		_, err := Compile([]byte(source))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Compile(%.80q): %v; want an error with %q", source, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), base) || strings.Contains(err.Error(), "jsonschema:")) {
			t.Errorf("Compile(%.80q): %v; the error shows the compiler's inside", source, err)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("Compile(%.80q) took %v", source, took)
		}
	}
}

func TestCompileAtTheBounds(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"depth":    nested(maxSchemaDepth - 1),
		"branches": doubling("anyOf", 10),
		"chain":    chained(maxChain - 3),
		"boolean":  "true",
		"patterns": `{"pattern":"(a+)+$","patternProperties":{"^[\\p{L} ]{1,500}$":{}}}`,
		"data":     `{"properties":{"pattern":{"const":"("}},"enum":[{"pattern":"("}]}`,
	} {
		if _, err := Compile([]byte(source)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCompileFetchesNothing(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "schema.json")
	if err := os.WriteFile(file, []byte(`{"type":"string"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{
		server.URL + "/schema.json", strings.Replace(server.URL, "http:", "https:", 1), "ftp://127.0.0.1/x",
		"file://" + filepath.ToSlash(file), filepath.ToSlash(file), "schema.json", "./schema.json#/a", "../schema.json",
		"//127.0.0.1/schema.json", "urn:example:schema",
	} {
		for _, source := range []string{
			fmt.Sprintf(`{"$ref":%q}`, ref),
			fmt.Sprintf(`{"properties":{"a":{"$dynamicRef":%q}}}`, ref),
			fmt.Sprintf(`{"$id":"file:///tmp/","properties":{"a":{"$ref":%q}}}`, ref),
			fmt.Sprintf(`{"$schema":"http://json-schema.org/draft-04/schema#","items":{"$ref":%q}}`, ref),
		} {
			if _, err := Compile([]byte(source)); err == nil || !strings.Contains(err.Error(), "self-contained") {
				t.Errorf("Compile(%s): %v; want a refusal", source, err)
			}
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

func TestCompileFollowsOwnReferences(t *testing.T) {
	t.Parallel()
	for _, source := range []string{
		`{"$ref":"#/$defs/n","$defs":{"n":{"type":"integer"}}}`,
		`{"$ref":"#n","$defs":{"n":{"$anchor":"n","type":"integer"}}}`,
		`{"$id":"https://example.com/a","$ref":"b","$defs":{"n":{"$id":"b","type":"integer"}}}`,
		`{"$schema":"http://json-schema.org/draft-07/schema#","$ref":"#/definitions/n","definitions":{"n":{"type":"integer"}}}`,
		`{"$ref":"#/x-own/n","x-own":{"n":{"type":"integer"}}}`,
	} {
		s := mustCompile(t, source)
		if s.Validate(mustDecode(t, "1")) != nil || s.Validate(mustDecode(t, `"a"`)) == nil {
			t.Errorf("%s is not followed", source)
		}
	}
	meta := mustCompile(t, `{"properties":{"schema":{"$ref":"https://json-schema.org/draft/2020-12/schema"}}}`)
	if err := meta.Validate(mustDecode(t, `{"schema":{"type":"string"}}`)); err != nil {
		t.Error(err)
	}
	if err := meta.Validate(mustDecode(t, `{"schema":{"properties":{"a":{"type":"strin"}}}}`)); err == nil {
		t.Error("a broken schema fits the metaschema")
	}
}

// TestCompileFormats sees format asserted in every dialect, and content in none.
func TestCompileFormats(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects {
		s := mustCompile(t, fmt.Sprintf(`{"$schema":"http://%s#","properties":{"at":{"format":"date-time"},"re":{"format":"regex"},`+
			`"own":{"format":"x-own"},"data":{"contentEncoding":"base64","contentMediaType":"application/json"}}}`, dialect))
		if err := s.Validate(mustDecode(t, `{"at":"2026-07-28T00:00:00Z","re":"(?=a)","own":"x","data":"%%"}`)); err != nil {
			t.Errorf("%s: %v", dialect, err)
		}
		if err := s.Validate(mustDecode(t, `{"at":"yesterday"}`)); err == nil {
			t.Errorf("%s: a format is not asserted", dialect)
		}
	}
}

func TestSource(t *testing.T) {
	t.Parallel()
	text := []byte("{ \"type\": \"object\",\n \"$comment\" : \"x\", \"maximum\": 1.50 }")
	s := mustCompile(t, string(text))
	if got := string(s.Source()); got != `{"type":"object","$comment":"x","maximum":1.50}` {
		t.Errorf("source is %s", got)
	}
}

// nested returns a schema n+1 levels deep.
func nested(n int) string {
	return strings.Repeat(`{"not":`, n) + `{}` + strings.Repeat(`}`, n)
}

// flat returns a schema with n properties.
func flat(n int) string {
	var b strings.Builder
	b.WriteString(`{"type":"object","properties":{"p":true`)
	for i := range n - 1 {
		fmt.Fprintf(&b, `,"p%d":true`, i)
	}
	b.WriteString("}}")
	return b.String()
}

// doubling returns a schema of a kilobyte that expands to 2^n branches.
func doubling(keyword string, n int) string {
	var b strings.Builder
	b.WriteString(`{"$ref":"#/$defs/a0","$defs":{`)
	for i := range n {
		fmt.Fprintf(&b, `"a%d":{%q:[{"$ref":"#/$defs/a%d"},{"$ref":"#/$defs/a%d"}]},`, i, keyword, i+1, i+1)
	}
	fmt.Fprintf(&b, `"a%d":{"type":"string"}}}`, n)
	return b.String()
}

// chained returns a schema with n references one after the other.
func chained(n int) string {
	var b strings.Builder
	b.WriteString(`{"$ref":"#/$defs/a0","$defs":{`)
	for i := range n {
		fmt.Fprintf(&b, `"a%d":{"$ref":"#/$defs/a%d"},`, i, i+1)
	}
	fmt.Fprintf(&b, `"a%d":{}}}`, n)
	return b.String()
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`{"type":"object","properties":{"a":{"$ref":"#/$defs/a"}},"$defs":{"a":{"type":"string","pattern":"^a+$"}}}`,
		`{"$ref":"#"}`, `{"$dynamicRef":"#a","$defs":{"a":{"$dynamicAnchor":"a"}}}`, `{"$schema":"http://json-schema.org/draft-04/schema#","id":"x"}`,
		`{"$id":"urn:x","$anchor":"a","if":{},"then":false,"dependencies":{"a":["b"]}}`, `{"$vocabulary":{"x":true}}`, `{"minLength":1e9}`,
		`{"$schema":"https://json-schema.org/draft/2019-09/schema","$recursiveRef":"#","items":[true],"additionalItems":false}`, doubling("anyOf", 5),
	} {
		f.Add([]byte(seed), []byte(`{"a":["b",1.5,null]}`))
	}
	f.Fuzz(func(t *testing.T, source, data []byte) {
		start := time.Now()
		if s, err := Compile(source); err == nil {
			if value, err := Decode(data); err == nil {
				_ = s.Validate(value)
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Fatalf("took %v", took)
		}
	})
}

func BenchmarkCompile(b *testing.B) {
	for name, source := range map[string]string{
		"small":          small,
		"500_properties": flat(500),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				mustCompile(b, source)
			}
		})
	}
}
