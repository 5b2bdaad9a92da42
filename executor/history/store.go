package history

import (
	"context"
	"iter"
)

// A Store keeps records. Its methods are safe for concurrent use.
type Store interface {
	// Append takes the record of a call that has ended. It returns at once: a store
	// that cannot keep up drops records and counts them, for no call may wait for
	// its record or fail with it.
	//
	// arguments are those of the call, as they came; they may hold secrets. They do
	// not change after Append has returned, and the store keeps no more of them than a
	// hash and a redacted preview.
	Append(record Record, arguments []byte)
}

// A Reader finds what a store keeps. Its methods are safe for concurrent use.
type Reader interface {
	// Query yields the entries that the filter wants, the call that ended last first. It ends
	// with the first error; cancelling ctx is one.
	Query(ctx context.Context, filter Filter) iter.Seq2[Entry, error]
}

// Health says how a store fares.
type Health struct {
	// Written is how many records are kept for good, Waiting how many are about to be,
	// and Dropped how many were lost since the store could not take them.
	Written, Dropped uint64
	Waiting          int

	// Err is why nothing can be written just now; nil where all is well. The last
	// records are held in memory meanwhile.
	Err error
}
