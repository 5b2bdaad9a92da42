package audit

import "context"

// A Sink takes the decisions of an engine. Its methods are safe for concurrent use.
type Sink interface {
	// Append takes an entry and returns at once: a sink that cannot keep up drops
	// entries and counts them.
	Append(Entry)

	// Commit takes an entry and returns when it is written, or with the reason why it
	// is not; when ctx is done it returns the cause of that, and the entry may still
	// be written.
	Commit(ctx context.Context, e Entry) error
}
