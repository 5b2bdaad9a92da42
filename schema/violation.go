package schema

import (
	"fmt"
	"strings"
)

// maxViolations is how many violations a [ValidationError] lists: more would help
// nobody to mend a value.
const maxViolations = 20

// A Violation is one way in which a value breaks a schema.
type Violation struct {
	// Pointer is the JSON Pointer (RFC 6901) of the offending value; the empty
	// string is the whole value. For a property that is missing or unknown it is
	// that of the object.
	Pointer string
	// Message says what is wrong and what would be right, in words that a
	// language model can act on.
	Message string
}

// String returns the pointer and the message.
func (v Violation) String() string {
	if v.Pointer == "" {
		return v.Message
	}
	return v.Pointer + ": " + v.Message
}

// A ValidationError lists the violations that a validation found, in the order of
// their pointers; it has at least one.
type ValidationError struct {
	// Violations are the first twenty.
	Violations []Violation
	// More is how many there are beyond them.
	More int
}

// Error joins the violations, one a line.
func (e *ValidationError) Error() string {
	lines := make([]string, 0, len(e.Violations)+1)
	for _, v := range e.Violations {
		lines = append(lines, v.String())
	}
	if e.More > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", e.More))
	}
	return strings.Join(lines, "\n")
}
