package transport

import (
	"context"
	"errors"
	"sync"
)

// Bounds on what waits to be written to one peer. Beyond the soft bound progress
// and log notes are dropped and no further request is read; beyond the hard bound,
// which only the answers to calls that already run can reach, the peer is cut off.
const (
	softFrames = 256
	softBytes  = 1 << 20
	hardBytes  = 64 << 20
)

var (
	errClosed     = errors.New("the connection is closed")
	errSlowReader = errors.New("the peer does not read what it is sent")
)

// An outbox is the one ordered path from a connection to its stream. Pushing never
// blocks; one goroutine, in run, writes. Its zero value is not ready: see newOutbox.
type outbox struct {
	mu     sync.Mutex
	queue  [][]byte // guarded by mu; nil frames were withdrawn
	head   uint64   // guarded by mu; the number of queue[0]
	bytes  int      // guarded by mu; queued, or taken by run and not yet written
	frames int      // guarded by mu; likewise
	closed bool     // guarded by mu; nothing more is pushed

	ready chan struct{} // holds one token when there may be something to write
	space chan struct{} // holds one token when the soft bound may be kept again
	done  chan struct{} // closed when run has returned
}

func newOutbox() *outbox {
	return &outbox{
		ready: make(chan struct{}, 1),
		space: make(chan struct{}, 1),
		done:  make(chan struct{}),
	}
}

// A ticket names a frame in the outbox. The zero ticket names none.
type ticket uint64

// push queues a frame, which the outbox then owns. It fails when the outbox is
// closed or over its hard bound.
func (o *outbox) push(frame []byte) (ticket, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return 0, errClosed
	}
	if o.bytes > hardBytes {
		return 0, errSlowReader
	}
	return o.add(frame), nil
}

// add queues a frame. The caller holds mu.
func (o *outbox) add(frame []byte) ticket {
	o.queue = append(o.queue, frame)
	o.bytes += len(frame)
	o.frames++
	signal(o.ready)
	return ticket(o.head + uint64(len(o.queue)))
}

// offer queues a frame that may be lost: it takes the place of the frame named by
// earlier where that is still queued, and is dropped beyond the soft bound.
func (o *outbox) offer(earlier ticket, frame []byte) ticket {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i, ok := o.find(earlier); ok {
		o.bytes += len(frame) - len(o.queue[i])
		o.queue[i] = frame
		return earlier
	}
	if o.closed || o.full() {
		return 0
	}
	return o.add(frame)
}

// withdraw takes a frame back where it is still queued.
func (o *outbox) withdraw(t ticket) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i, ok := o.find(t); ok {
		o.bytes -= len(o.queue[i])
		o.queue[i] = nil
	}
}

// queued reports whether a frame waits to be written.
func (o *outbox) queued(t ticket) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ok := o.find(t)
	return ok
}

// find returns the place of a frame in the queue. The caller holds mu.
func (o *outbox) find(t ticket) (int, bool) {
	if uint64(t) <= o.head || uint64(t) > o.head+uint64(len(o.queue)) {
		return 0, false
	}
	i := int(uint64(t) - o.head - 1)
	return i, o.queue[i] != nil
}

// full reports whether the soft bound is exceeded. The caller holds mu.
func (o *outbox) full() bool { return o.bytes > softBytes || o.frames > softFrames }

// waitForSpace returns when the soft bound is kept, or ctx is done.
func (o *outbox) waitForSpace(ctx context.Context) {
	for {
		o.mu.Lock()
		full := o.full()
		o.mu.Unlock()
		if !full {
			return
		}
		select {
		case <-o.space:
		case <-o.done:
			return
		case <-ctx.Done():
			return
		}
	}
}

// close lets run write what is queued and then return.
func (o *outbox) close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	signal(o.ready)
}

// run writes frames in the order they were pushed until the outbox is closed and
// empty, or a write fails.
func (o *outbox) run(ctx context.Context, write func(context.Context, []byte) error) error {
	defer close(o.done)
	defer o.close()
	var batch [][]byte
	for range o.ready {
		for {
			var closed bool
			if batch, closed = o.take(batch); len(batch) == 0 {
				if closed {
					return nil
				}
				break
			}
			if err := o.writeAll(ctx, batch, write); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *outbox) writeAll(ctx context.Context, batch [][]byte, write func(context.Context, []byte) error) error {
	for i, frame := range batch {
		batch[i] = nil
		if frame != nil {
			if err := write(ctx, frame); err != nil {
				return err
			}
		}
		o.wrote(len(frame))
	}
	return nil
}

// take swaps the queue for an empty one.
func (o *outbox) take(empty [][]byte) (batch [][]byte, closed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	batch = o.queue
	o.head += uint64(len(batch))
	o.queue = empty[:0]
	return batch, o.closed
}

func (o *outbox) wrote(n int) {
	o.mu.Lock()
	o.bytes -= n
	o.frames--
	full := o.full()
	o.mu.Unlock()
	if !full {
		signal(o.space)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
