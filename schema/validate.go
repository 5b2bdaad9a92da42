package schema

import (
	"errors"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Validate checks a value that [Decode] returned; it must not change meanwhile. The
// error, where there is one, is a [*ValidationError] with what is wrong. Numbers are
// compared exactly, up to a thousand digits. A value of any other Go type is an error
// too, never a panic. Validations whose work is not bounded beforehand (see the
// package's documentation) are ended after 250 ms with an error that says so.
func (s *Schema) Validate(value any) error {
	if s.simple != nil && s.simple.accepts(value, MaxDepth) {
		return nil
	}
	size, err := measure(value)
	if err != nil {
		return &ValidationError{Violations: []Violation{{Message: err.Error()}}}
	}
	err = s.check(value, size)
	if err == nil {
		return nil
	}
	var failed *jsonschema.ValidationError
	if !errors.As(err, &failed) {
		return &ValidationError{Violations: []Violation{{Message: err.Error()}}}
	}
	return (&translator{index: s.full().index, root: value}).translate(failed)
}

func (s *Schema) check(value any, size extent) error {
	switch {
	case !s.work.admits(size):
		return errTooCostly
	case s.work.affords(size):
		return safely(s.full().root, value)
	}
	return s.metered().validate(value)
}

// safely makes an error of a panic: the meter's, and whatever the validator does with
// a schema that nobody foresaw.
func safely(compiled *jsonschema.Schema, value any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			var ok bool
			if err, ok = r.(error); !ok || !errors.Is(err, errTooCostly) {
				err = fmt.Errorf("it cannot be checked against the schema: %v", r)
			}
		}
	}()
	return compiled.Validate(value)
}
