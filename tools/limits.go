package tools

import "time"

// Limits are what the engine holds the calls of one tool to. The zero value takes
// the engine's defaults.
type Limits struct {
	// Concurrency is how many calls of the tool may run at once. Defaults to no
	// limit but the engine's own.
	Concurrency int

	// QueueTimeout is how long a call may wait for a slot. Defaults to the engine's; a
	// negative one means any time.
	QueueTimeout time.Duration

	// Rate is how often the tool may be called, and CallerRate how often by one caller.
	// Defaults to no limit but the engine's own.
	Rate, CallerRate Rate

	// Timeout is the hard cap on the time a call may run; nothing extends it.
	// Defaults to the engine's.
	Timeout time.Duration

	// Adaptive, where set, moves that cap with the time that calls take. Defaults to
	// none.
	Adaptive *Adaptive

	// IdleTimeout is how long a call may run without reporting progress. Defaults
	// to the engine's.
	IdleTimeout time.Duration

	// Breaker says when calls are refused for a while since the tool fails. Defaults to
	// the engine's.
	Breaker Breaker

	// RepeatFailures is how many times one caller may send the same arguments that
	// failed. Defaults to the engine's; a negative number means any.
	RepeatFailures int

	// ResultBytes is how many bytes a result may have: the texts, links, data and
	// structured content in it, before the wire's own encoding. Defaults to the
	// engine's; a negative number means no limit.
	ResultBytes int64

	// Truncate allows to cut the text of a result that has more bytes than that, at
	// a whole character and with a mark that says how much is missing. Nothing but
	// text is cut: where that is not enough, and without Truncate, the call fails.
	Truncate bool

	// Cache says that results may be kept and given to later calls. Defaults to
	// not: only the tool's author knows whether a call may go without effect.
	Cache *Cache
}

// Cache says of a tool that calls with the same arguments have the same result for a
// while, and no effect that must happen again. Identical calls at the same time
// share one execution. Arguments are the same where they are so as JSON values:
// neither the order of members nor the notation of a number counts. Results that are
// errors, were cut or are too large are not kept.
type Cache struct {
	// TTL is how long a result is kept at most, from when it came. Defaults to a
	// minute; a negative one keeps none, so that calls share only executions.
	TTL time.Duration

	// Shared says that the result does not depend on the caller. Defaults to
	// keeping each caller's results apart.
	Shared bool
}
