package tools

import "time"

// Limits are what the engine holds the calls of one tool to. The zero value takes
// the engine's defaults.
type Limits struct {
	// Concurrency is how many calls of the tool may run at once. Defaults to no
	// limit but the engine's own.
	Concurrency int

	// Timeout is the hard cap on the time a call may run; nothing extends it.
	// Defaults to the engine's.
	Timeout time.Duration

	// Adaptive, where set, moves that cap with the time that calls take. Defaults to
	// none.
	Adaptive *Adaptive

	// IdleTimeout is how long a call may run without reporting progress. Defaults
	// to the engine's.
	IdleTimeout time.Duration

	// ResultBytes is how many bytes a result may have: the texts, links, data and
	// structured content in it, before the wire's own encoding. Defaults to the
	// engine's; a negative number means no limit.
	ResultBytes int64

	// Truncate allows to cut the text of a result that has more bytes than that, at
	// a whole character and with a mark that says how much is missing. Nothing but
	// text is cut: where that is not enough, and without Truncate, the call fails.
	Truncate bool
}
