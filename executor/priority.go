package executor

import "fmt"

// Priority is the class in which a call waits for its slot: the higher goes first. The
// zero value is [PriorityNormal]; what is beyond the classes counts as the nearest.
type Priority int8

// The classes, and what stands for one of them.
const (
	PriorityBatch       Priority = -1 // nobody waits for the answer
	PriorityNormal      Priority = 0
	PriorityInteractive Priority = 1 // a person waits for the answer

	// PriorityUsual is the class that calls of their caller usually have: the one of its
	// [Allowance], and PriorityNormal where that says nothing.
	PriorityUsual Priority = -128
)

// String returns the name of the class.
func (p Priority) String() string {
	switch {
	case p == PriorityUsual:
		return "usual"
	case p < PriorityNormal:
		return "batch"
	case p > PriorityNormal:
		return "interactive"
	}
	return "normal"
}

// ParsePriority returns the class of the name that [Priority.String] gives it.
func ParsePriority(name string) (Priority, error) {
	for p := PriorityBatch; p <= PriorityInteractive; p++ {
		if name == p.String() {
			return p, nil
		}
	}
	return PriorityNormal, fmt.Errorf("%q is not a priority: use interactive, normal or batch", name)
}
