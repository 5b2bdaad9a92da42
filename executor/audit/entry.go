package audit

import (
	"crypto/sha256"
	"time"

	"github.com/sluice-dev/sluice/executor/history"
)

// Event says what a line of the log is about.
type Event string

// The events of a call.
const (
	EventAllowed  Event = "allowed"  // all policies that look at who asks for what let it pass
	EventRefused  Event = "refused"  // a policy turned it away, and it did not run
	EventStarted  Event = "started"  // it was given its slot; once for each attempt
	EventFinished Event = "finished" // it was answered, other than by a refusal
	EventPanicked Event = "panicked" // its handler, or a function of its caller's, panicked
)

// The events of the log itself, which a [Sink] is not given.
const (
	EventOpened    Event = "opened"    // the first line of a chain
	EventContinued Event = "continued" // the first line of a chain in a further file
	EventDropped   Event = "dropped"   // lines were lost here for want of room
	EventClosed    Event = "closed"    // the last line of a chain
)

// An Entry is one decision. It holds no argument's value.
type Entry struct {
	// Time is when it was taken.
	Time time.Time
	// Event is what was decided.
	Event Event
	// Call is the record of the call as it stood then.
	Call history.Record
	// Arguments is the SHA-256 of the arguments, as they came, of a call that was
	// allowed or refused.
	Arguments [sha256.Size]byte
	// Policy is the name of the policy that refused.
	Policy string
	// RetryAfter is what the refused caller was told to wait; 0 where nothing.
	RetryAfter time.Duration
	// Stack is that of the goroutine that panicked; not what it panicked with, which
	// may hold secrets.
	Stack string

	lines uint64 // of EventDropped, how many were lost
}

// The most bytes that a line takes over of texts which callers and tools choose; longer
// ones are cut.
const (
	maxName  = 256
	maxStack = 8 << 10
)

// cost is about how much memory the entry holds until it is written.
func (e *Entry) cost() int {
	c := &e.Call
	return 512 + len(c.Tool) + len(c.Caller) + len(c.Transport) + len(c.Reason) + len(e.Stack)
}
