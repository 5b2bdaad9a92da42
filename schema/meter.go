package schema

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// patience is how long a validation may take that arithmetic does not bound.
const patience = 250 * time.Millisecond

// quick is the work, in steps of well under a microsecond, up to which a validation
// runs without a meter.
const quick = 1 << 18

// maxMatch bounds the length of a text times the instructions of a pattern: one match
// cannot be interrupted.
const maxMatch = 1 << 26

// maxMetaValues bounds a value that is validated against a metaschema, which cannot
// carry a meter since all schemas share it.
const maxMetaValues = 10_000

var errTooCostly = errors.New("too much data to be checked against the schema in time: send less of it, or nested less deeply")

// affords reports whether validating a value of this size takes less than quick.
// Each error costs the validator the square of how deep in the schema it occurs.
func (w *work) affords(size extent) bool {
	if w.recursive {
		return false
	}
	depth := min(w.length, (size.depth+1)*maxChain)
	steps := float64(w.paths) * float64(size.values) * float64(1+depth*depth/64)
	return steps+float64(w.patterns)*float64(size.bytes)/64 < quick
}

// admits reports whether no single step of the validation can take long.
func (w *work) admits(size extent) bool {
	return w.pattern*size.longest <= maxMatch && (!w.meta || size.values <= maxMetaValues)
}

// A meter is a schema whose validations end at a deadline. The validator has no such
// thing, and leaving it behind in a goroutine would leave it running for hours, so
// each subschema carries an extension that looks at the clock when it was applied,
// and panics out. The compiled schema is the only state which such an extension can
// share with the caller, hence one validation at a time.
type meter struct {
	compiled *jsonschema.Schema

	mu       sync.Mutex // held for a validation
	deadline time.Time
}

func newMeter(source []byte) *meter {
	roots := recompile(source)
	m := &meter{compiled: roots[0]}
	for s := range collectGraph(roots).nodes {
		if !metaNodes()[s] {
			m.attach(s)
		}
	}
	return m
}

// attach has s look at the clock. The validator comes to extensions last, and not at
// all after a type that does not fit or in a boolean schema, so those two are checked
// by the extension as well.
func (m *meter) attach(s *jsonschema.Schema) {
	s.Extensions = map[string]jsonschema.ExtSchema{"meter": &tick{m: m, types: s.Types, always: s.Always}}
	s.Types, s.Always = nil, nil
}

func (m *meter) validate(value any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.deadline = time.Now().Add(patience)
	return safely(m.compiled, value)
}

type tick struct {
	m      *meter
	types  []string
	always *bool
}

// Validate implements [jsonschema.ExtSchema].
func (t *tick) Validate(ctx jsonschema.ValidationContext, value any) error {
	if time.Now().After(t.m.deadline) {
		panic(errTooCostly)
	}
	if t.always != nil && !*t.always {
		return ctx.Error("", "not allowed")
	}
	if len(t.types) > 0 && !slices.ContainsFunc(t.types, func(name string) bool { return hasType(value, name) }) {
		return ctx.Error("type", "expected %s", strings.Join(t.types, " or "))
	}
	return nil
}
