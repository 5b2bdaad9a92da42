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
	source json.RawMessage
	simple *simple // nil where it says too much for one
	work   work

	compiling sync.Once
	compiled  *compiled // nil before its first use where there is a simple; see full

	metering sync.Once
	meter    *meter // nil before its first use; see metered
}

// compiled is what the validator works with.
type compiled struct {
	root  *jsonschema.Schema
	index map[string]*jsonschema.Schema // by location
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
	s := &Schema{source: json.RawMessage(compact), simple: simpleOf(roots[0], 0), work: graph.work}
	if s.simple == nil {
		s.compiled = &compiled{roots[0], graph.index}
	}
	return s, nil
}

// full returns the whole schema. One with a simple is compiled once more for it, when the
// first value comes that is not valid for certain: most tools never see one, and what the
// validator works with is two thirds of a tool's memory, which the collector has to walk.
func (s *Schema) full() *compiled {
	s.compiling.Do(func() {
		if s.compiled == nil {
			roots := recompile(s.source)
			s.compiled = &compiled{roots[0], collectGraph(roots).index}
		}
	})
	return s.compiled
}

// metered returns the schema with a meter.
func (s *Schema) metered() *meter {
	s.metering.Do(func() { s.meter = newMeter(s.source) })
	return s.meter
}

// Source returns the schema as compact JSON text. Callers must not change it.
func (s *Schema) Source() json.RawMessage { return s.source }
