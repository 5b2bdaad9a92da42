package executor

import "time"

// A QueueState is the state of the queue at one moment. Of the tools it is in their
// Counts.
type QueueState struct {
	// Concurrency, Room and RoomBytes are the sizes as they are now: see
	// [Engine.Adjust]. RoomBytes is 0 where there is no limit.
	Concurrency, Room int
	RoomBytes         int64

	// Running is how many calls have a slot, Waiting how many wait for one.
	Running, Waiting int
	// WaitingBytes is the size of the arguments of those that wait.
	WaitingBytes int64
	// Classes has the state of each class.
	Classes map[Priority]ClassState

	// RefusedFull is how many calls found no place to wait or had to yield theirs,
	// RefusedBytes how many for want of room for arguments, RefusedDeadline how many
	// would have had to wait for too long, and TimedOut how many did.
	RefusedFull, RefusedBytes, RefusedDeadline, TimedOut uint64
	// RefusedShare is how many found too many calls of their own caller waiting: see
	// [Allowance].Queue.
	RefusedShare uint64
}

// A ClassState is the state of one class in the queue.
type ClassState struct {
	// Waiting is how many calls of the class wait.
	Waiting int
	// ExpectedWait is about how long the next one would wait of a caller of which none
	// does, for a tool that has slots left; 0 while a slot is free.
	ExpectedWait time.Duration
}

func (q *queue) state() (state QueueState) {
	q.update(func(s *slots) {
		state = QueueState{
			Concurrency: s.capacity, Room: s.room, RoomBytes: s.space,
			Running: s.running, Waiting: s.waiting, WaitingBytes: s.bytes,
			Classes:     make(map[Priority]ClassState, classes),
			RefusedFull: s.refused[refusedFull], RefusedBytes: s.refused[refusedBytes],
			RefusedDeadline: s.refused[refusedDeadline], TimedOut: s.refused[refusedTimeout],
			RefusedShare: s.refused[refusedShare],
		}
		for p := PriorityBatch; p <= PriorityInteractive; p++ {
			state.Classes[p] = s.classState(p.class())
		}
	})
	return state
}

func (s *slots) classState(class int) ClassState {
	c := ClassState{Waiting: s.classes[class].waiting}
	if s.running >= s.capacity {
		c.ExpectedWait = s.expectServer(class, 0, len(s.classes[class].callers))
	}
	return c
}
