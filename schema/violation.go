package schema

import "strings"

// A Violation is one way in which a value breaks a schema.
type Violation struct {
	// Pointer is the JSON Pointer (RFC 6901) of the offending value; the empty
	// string is the whole value.
	Pointer string
	// Message says what is wrong and what would be right, in words that a
	// language model can act on.
	Message string
}

// A ValidationError lists every violation that a validation found; it has at
// least one.
type ValidationError struct {
	Violations []Violation
}

// Error joins the violations, one a line.
func (e *ValidationError) Error() string {
	var b strings.Builder
	for i, v := range e.Violations {
		if i > 0 {
			b.WriteByte('\n')
		}
		if v.Pointer != "" {
			b.WriteString(v.Pointer)
			b.WriteString(": ")
		}
		b.WriteString(v.Message)
	}
	return b.String()
}
