package schema

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A Schema is a compiled JSON Schema. It is immutable and safe for concurrent use.
type Schema struct {
	source   json.RawMessage
	compiled *jsonschema.Schema
	simple   *simple // nil where it says too much for one
	graph    *graph
	metered  func() *meter // compiled on first use
}

// Compile checks source against the bounds of this package and against the
// metaschema of its dialect, and makes it ready to validate with. It keeps a compact
// copy of source, in which names stand in the order of source. The error says what
// to mend, with the JSON Pointer of the place where there is one.
func Compile(source []byte) (*Schema, error) {
	doc, err := parse(source)
	if err != nil {
		return nil, err
	}
	compact := jsontext.Value(append([]byte(nil), source...))
	if err := compact.Compact(); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	roots, err := compile(compact, doc)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	graph, err := newGraph(roots)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return &Schema{
		source:   json.RawMessage(compact),
		compiled: roots[0],
		simple:   simpleOf(roots[0], 0),
		graph:    graph,
		metered:  sync.OnceValue(func() *meter { return newMeter(compact, doc) }),
	}, nil
}

// Source returns the schema as compact JSON text. Callers must not change it.
func (s *Schema) Source() json.RawMessage { return s.source }
