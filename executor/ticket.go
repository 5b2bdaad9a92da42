package executor

import "time"

// A ticket is a call's place in the queue.
type ticket struct {
	lane    *lane
	class   int
	caller  string
	account *account // of the caller, from when the call asks for a slot; nil where callers are not bounded
	bytes   int64    // that the call keeps in memory while it waits

	state      ticketState
	pushed     refusal // why it lost its place; written before granted is closed, as is
	flow       *flow   // set while it waits
	prev, next *ticket
	older      *ticket       // of its caller in its class, as is
	newer      *ticket       // the one that came after it
	granted    chan struct{} // closed when a waiting ticket is given its slot, or is to have none
	stopped    error         // why it was stopped, as is
	retry      time.Duration // where it lost its place, how long it would have to wait if it came again
}

type ticketState uint8

const (
	ticketOut     ticketState = iota // neither waits nor has a slot
	ticketWaiting                    // is in a flow
	ticketRunning                    // has a slot
)

// fill makes the ticket that of a call which is about to ask for a slot.
func (t *ticket) fill(x *Execution) {
	t.lane, t.class, t.caller = &x.tool.lane, x.priority.class(), x.Request.Caller
	t.bytes = x.argumentBytes()
}
