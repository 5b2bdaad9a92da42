package tools

import "time"

// Breaker says when calls of a tool are refused for a while since it fails, to let it
// recover and its callers know at once. What counts is that the tool could not do its
// work: timeouts, panics, errors that are not for the model, output that breaks its
// schema, and what a handler has marked with [Unreachable]. A result with IsError, invalid
// arguments, refused and cancelled calls do not, nor does what is marked with [Exhausted].
//
// Refused are all calls for Open, and longer each time that it happens again soon. Then
// calls go through as probes, first one at a time, then two, four and eight; a failure
// of any has all refused again. The zero value takes the engine's settings, and those
// the defaults below; a negative number switches off what it stands for.
type Breaker struct {
	// Off lets all calls through, however many fail.
	Off bool

	// Failures is how many failures in a row it takes. Defaults to 10.
	Failures int

	// Share is which share of the calls within Window has to fail, where there are
	// MinCalls in it. They default to one half, 30 s and 20 calls; the window moves in
	// steps of an eighth.
	Share    float64
	Window   time.Duration
	MinCalls int

	// Open is for how long calls are refused at first, and MaxOpen for how long at most:
	// the time doubles whenever it happens again within Window of the recovery. A random
	// part of up to a quarter is added, lest many come back at once. They default to 5 s
	// and 5 min.
	Open, MaxOpen time.Duration

	// CountToolErrors has results with IsError count as failures. Defaults to not.
	CountToolErrors bool
}
