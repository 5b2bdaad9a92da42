package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A Schema is a compiled JSON Schema. It is immutable and safe for concurrent use.
type Schema struct {
	source   json.RawMessage
	compiled *jsonschema.Schema
}

// Compile checks source against the bounds of this package and against the
// metaschema of its dialect, and makes it ready to validate with.
func Compile(source []byte) (*Schema, error) {
	compact := jsontext.Value(append([]byte(nil), source...))
	if err := compact.Compact(); err != nil {
		return nil, fmt.Errorf("schema: not valid JSON: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.Draft = jsonschema.Draft2020
	compiler.LoadURL = func(url string) (io.ReadCloser, error) {
		return nil, fmt.Errorf("$ref to %q is not followed: schemas must be self-contained", url)
	}
	const url = "schema.json"
	if err := compiler.AddResource(url, strings.NewReader(string(compact))); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	compiled, err := compiler.Compile(url)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return &Schema{source: json.RawMessage(compact), compiled: compiled}, nil
}

// Source returns the schema as compact JSON text. Callers must not change it.
func (s *Schema) Source() json.RawMessage { return s.source }

// Validate checks a value that [Decode] returned. The error, where there is one,
// is a [*ValidationError] that lists every violation.
func (s *Schema) Validate(value any) error {
	err := s.compiled.Validate(value)
	if err == nil {
		return nil
	}
	var failed *jsonschema.ValidationError
	if !errors.As(err, &failed) {
		return fmt.Errorf("schema: %w", err)
	}
	violations := &ValidationError{}
	collect(failed, violations)
	return violations
}

func collect(e *jsonschema.ValidationError, into *ValidationError) {
	if len(e.Causes) == 0 {
		into.Violations = append(into.Violations, Violation{Pointer: e.InstanceLocation, Message: e.Message})
		return
	}
	for _, cause := range e.Causes {
		collect(cause, into)
	}
}
