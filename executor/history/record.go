package history

import "time"

// Outcome says how a call ended.
type Outcome string

// The outcomes. A call in flight has none yet.
const (
	OutcomeOK        Outcome = "ok"
	OutcomeToolError Outcome = "tool_error" // a result with IsError
	OutcomeFailed    Outcome = "failed"     // an error, see Record.Kind
)

// Kind is the class of a failure. The engine's kinds stand in package executor; a
// policy of a user's may have its own.
type Kind string

// Cached says what part the cache of results had in a call.
type Cached string

// What became of a call whose tool declares a cache; of other calls it is empty.
const (
	CacheHit       Cached = "hit"       // the result was kept from a call before
	CacheMiss      Cached = "miss"      // the tool was called
	CacheCoalesced Cached = "coalesced" // the result is that of an identical call in flight
)

// Waits say how long a call waited, by what it waited for.
type Waits struct {
	// Rate is the time until the rate limits let the call through.
	Rate time.Duration
	// Flight is the time until an identical call in flight had its result.
	Flight time.Duration
	// Server and Tool are the time until a slot was free: Server where all slots of
	// the server were taken when the call came, Tool where those of its tool were.
	Server, Tool time.Duration
}

// A Record is what is kept of one call. It holds neither its arguments nor its result.
type Record struct {
	// ID is a UUIDv7: see tools.Call.
	ID string
	// Tool, Caller and Transport say what was called, by whom and through what.
	Tool, Caller, Transport string
	// Priority is the name of the class in which the call waited.
	Priority string

	// Queued is when the call came, Started when it was given its slot, Finished
	// when its caller was answered. Started is zero for a call that never ran.
	Queued, Started, Finished time.Time

	// Outcome is how the call ended; empty while it is in flight.
	Outcome Outcome
	// Kind is the class of the failure where Outcome is [OutcomeFailed].
	Kind Kind
	// Reason says why the call was refused or stopped; empty where it was not.
	Reason string
	// Waits say what the call waited for before it started or was refused.
	Waits Waits
	// Cached says what part the cache had.
	Cached Cached

	// BytesIn is the size of the arguments, BytesOut that of the texts, links,
	// data and structured content of the result, both before the wire's own encoding.
	BytesIn, BytesOut int64

	// CPU is the processor time that a subprocess of the call used, and PeakMemory
	// the most memory that it had resident, in bytes; 0 where there was none.
	CPU        time.Duration
	PeakMemory int64
	// Sandbox names the layers that contained the subprocess; empty where there was
	// none, or nothing contained it.
	Sandbox string

	// NotesDropped is how many log notes of the handler came too fast.
	NotesDropped int64

	// Abandoned says that the caller was answered while the handler still ran.
	Abandoned bool
}
