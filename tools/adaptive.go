package tools

import "time"

// Adaptive has the hard cap of a tool's calls follow the time that they really take:
// Factor times what 99 in 100 of its recent successful calls kept to, but within Floor
// and Ceiling. It cuts off early the call that hangs of a tool that is mostly quick.
//
// The cap is the ordinary one until enough calls have succeeded, doubles after a
// timeout, and comes down again with success; see package executor.
type Adaptive struct {
	// Factor is how many times the usual a call may take. Defaults to 3; less than 1
	// counts as 1.
	Factor float64

	// Floor is the least that the cap becomes. Defaults to 1 s; a negative one is none.
	Floor time.Duration

	// Ceiling is the most that the cap becomes, and goes before Floor. Defaults to the
	// ordinary cap: Limits.Timeout or that of the engine.
	Ceiling time.Duration
}
