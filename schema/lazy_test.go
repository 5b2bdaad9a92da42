package schema

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// lazySchemas are simple, and written in ways that a second compilation could read otherwise.
var lazySchemas = []string{
	`{ "type" : "object" ,
		"properties" : { "\u0061" : { "type" : "string" } , "é" : { "type" : "integer" } } , "required" : [ "a" ] }`,
	`{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"http://x.example/y","$anchor":"a","type":"string"}`,
	`{"enum":["\u00e9","\/","\ud83d\ude00"]}`, `{"type":"integer","minimum":-900719925474099,"maximum":1e3}`, `{"maxLength":1e2}`,
	`{"$defs":{"a":{"pattern":"x"}},"x-unknown":{"$ref":"#/nowhere"},"type":"string"}`,
}

// TestLazySchema holds a schema that is compiled anew for the first value it doubts to one of
// the very source that was compiled once: their verdicts are the same to the letter.
func TestLazySchema(t *testing.T) {
	t.Parallel()
	sources := append(append(lazySchemas, simpleSchemas...), otherSchemas...)
	files, err := filepath.Glob("testdata/reflect/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no schemas: %v", err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, string(source))
	}
	values := append([]string{
		`1.0`, `1e400`, `123456789012345678901234567890`, `-0`, `[1,2,3,4]`, `{"text":1,"from":0,"other":1}`, `{"from":1}`,
		`{"a":1,"é":"x"}`, `"abcde"`, `{"a":{"a":{"a":{"a":1}}}}`, `"é"`, `"😀"`,
	}, simpleValues...)
	lazy := 0
	for _, source := range sources {
		s := mustCompile(t, source)
		if s.compiled == nil {
			lazy++
		}
		eager := mustCompileOnce(t, source)
		for _, value := range values {
			got, want := s.Validate(mustDecode(t, value)), eager.Validate(mustDecode(t, value))
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s finds of %s: %v\nwant: %v", source, value, got, want)
			}
		}
	}
	if lazy < len(lazySchemas)+len(simpleSchemas) {
		t.Errorf("only %d schemas were compiled anew", lazy)
	}
}

// mustCompileOnce returns a schema that keeps what source itself was compiled to.
func mustCompileOnce(t *testing.T, source string) *Schema {
	t.Helper()
	doc, err := parse([]byte(source))
	if err != nil {
		t.Fatal(err)
	}
	roots, err := compile([]byte(source), doc)
	if err != nil {
		t.Fatal(err)
	}
	g, err := newGraph(roots)
	if err != nil {
		t.Fatal(err)
	}
	return &Schema{source: []byte(source), work: g.work, compiled: &compiled{roots[0], g.index}}
}

// TestLazySchemaAtOnce has many goroutines doubt a schema at once for the first time, with and
// without the meter.
func TestLazySchemaAtOnce(t *testing.T) {
	t.Parallel()
	s := mustCompile(t, `{"type":"object","properties":{"a":{"type":"string"}}}`)
	var doubts sync.WaitGroup
	for range 16 {
		doubts.Go(func() {
			value := mustDecode(t, `{"a":1}`)
			if err := s.Validate(value); err == nil {
				t.Error("an invalid value is accepted")
			}
			if err := s.metered().validate(value); err == nil {
				t.Error("an invalid value is accepted with the meter")
			}
		})
	}
	doubts.Wait()
}
