package executor

import "sync/atomic"

// A room bounds the calls that wait elsewhere than in the queue, and the arguments that
// they keep in memory: those that wait for the rate limits, and those that wait for the
// result of an identical call.
type room struct {
	space atomic.Int64 // bytes of arguments; 0 is no limit: see Engine.Adjust
	calls atomic.Int64
	bytes atomic.Int64
}

// maxAside is how many calls may wait in a room.
const maxAside = 4096

// enter lets the call wait, or says why it may not.
func (r *room) enter(x *Execution) refusal {
	calls, bytes, space := r.calls.Add(1), r.bytes.Add(x.argumentBytes()), r.space.Load()
	why := refusedNot
	switch {
	case calls > maxAside:
		why = refusedFull
	case space > 0 && bytes > space:
		why = refusedBytes
	}
	if why != refusedNot {
		r.leave(x)
	}
	return why
}

// leave takes out a call that enter has let in.
func (r *room) leave(x *Execution) {
	r.calls.Add(-1)
	r.bytes.Add(-x.argumentBytes())
}

func (x *Execution) argumentBytes() int64 { return int64(len(x.Request.Arguments)) }
