package transport

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Bounds on what waits to be written to one peer. Beyond the soft bound progress
// and log notes are dropped and no further request is served. Only the answers to calls
// that the engine has admitted already can go beyond; a peer that lets them pile up
// to the hard bound and takes nothing for a while is cut off. One that goes on
// reading, however much it asked for, is not.
const (
	softFrames = 256
	softBytes  = 1 << 20
	hardBytes  = 64 << 20
	hardStall  = time.Second

	// batchBytes is the size from which on a batch takes no further frame. What is in a
	// batch can no longer be withdrawn, so it is no more than a pipe holds anyway.
	batchBytes = 16 << 10

	// spareFrames is how many frames a batch may have for its memory to be kept.
	spareFrames = 64
)

var (
	errClosed     = errors.New("the connection is closed")
	errSlowReader = errors.New("the peer does not read what it is sent")
)

// An outbox is the one ordered path from a connection to its stream. Pushing never
// blocks; one goroutine at a time writes, in run, for as long as there is something to
// write: one that stood by would be a fifth of the memory of an idle connection. It is one
// that begin has started, or whoever claims the writing. Its zero value is not ready: see
// newOutbox.
type outbox struct {
	mu     sync.Mutex
	queue  []frame   // guarded by mu; a frame without data was withdrawn
	next   int       // guarded by mu; the first of queue that run has not taken
	base   uint64    // guarded by mu; the number of frames before queue[0]
	bytes  int       // guarded by mu; queued, or taken by run and not yet written
	frames int       // guarded by mu; likewise
	closed bool      // guarded by mu; nothing more is pushed
	moved  time.Time // guarded by mu; when a frame was written last
	failed error     // guarded by mu; the write that failed

	begin   func()   // starts a goroutine in run; nil where run is called without being told to
	writing bool     // guarded by mu; it runs, or is about to
	ended   bool     // guarded by mu; done is closed
	spare   [][]byte // the memory of a batch; belongs to run

	space chan struct{} // holds one token when the soft bound may be kept again
	done  chan struct{} // closed when nothing more is written
}

func newOutbox(begin func()) *outbox {
	return &outbox{
		moved: time.Now(),
		begin: begin,
		space: make(chan struct{}, 1),
		done:  make(chan struct{}),
	}
}

// A frame is one message, and the call that it may be withdrawn with; nil for one
// that must be sent.
type frame struct {
	data  []byte
	owner *pending
}

// A ticket names a frame in the outbox. The zero ticket names none.
type ticket uint64

// push queues a message, which the outbox then owns. It fails when the outbox is
// closed, or over its hard bound and stuck.
func (o *outbox) push(data []byte) (ticket, error) { return o.enqueue(data, false) }

// hold is push for a message that need not be written before somebody claims the writing,
// unless there is enough for a batch.
func (o *outbox) hold(data []byte) (ticket, error) { return o.enqueue(data, true) }

func (o *outbox) enqueue(data []byte, held bool) (ticket, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return 0, errClosed
	}
	if o.bytes > hardBytes && time.Since(o.moved) > hardStall {
		return 0, errSlowReader
	}
	t := o.append(frame{data: data})
	if !held || o.bytes >= batchBytes {
		o.start()
	}
	return t, nil
}

// add queues a frame and has it written. The caller holds mu.
func (o *outbox) add(f frame) ticket {
	t := o.append(f)
	o.start()
	return t
}

// append queues a frame. The caller holds mu.
func (o *outbox) append(f frame) ticket {
	o.queue = append(o.queue, f)
	o.bytes += len(f.data)
	o.frames++
	return ticket(o.base + uint64(len(o.queue)))
}

// start has what is queued written. The caller holds mu.
func (o *outbox) start() {
	if !o.writing && o.begin != nil {
		o.writing = true
		o.begin()
	}
}

// claim reports whether there is something to write and nobody who does. Whoever is told
// so is to call run.
func (o *outbox) claim() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.writing || o.next == len(o.queue) {
		return false
	}
	o.writing = true
	return true
}

// offer queues a message about a call that may be lost. Beyond the soft bound it
// takes the place of the one named by earlier, where that is still queued, and is
// dropped otherwise.
func (o *outbox) offer(owner *pending, earlier ticket, data []byte) ticket {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return 0
	}
	if !o.full() {
		return o.add(frame{data, owner})
	}
	if f := o.find(earlier); f != nil {
		o.bytes += len(data) - len(f.data)
		f.data = data
		return earlier
	}
	return 0
}

// withdraw takes back what was offered for a call and is still queued.
func (o *outbox) withdraw(owner *pending) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := o.next; i < len(o.queue); i++ {
		if f := &o.queue[i]; f.owner == owner {
			o.bytes -= len(f.data)
			*f = frame{}
		}
	}
}

// queued reports whether a frame waits to be written.
func (o *outbox) queued(t ticket) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.find(t) != nil
}

// find returns a frame that is still queued, or nil. The caller holds mu.
func (o *outbox) find(t ticket) *frame {
	if uint64(t) <= o.base+uint64(o.next) || uint64(t) > o.base+uint64(len(o.queue)) {
		return nil
	}
	return &o.queue[uint64(t)-o.base-1]
}

// full reports whether the soft bound is exceeded. The caller holds mu.
func (o *outbox) full() bool { return o.bytes > softBytes || o.frames > softFrames }

// crowded reports whether what waits is over the soft bound: the peer is to take some of
// it before it is given more. A closed outbox is not crowded, since it takes nothing.
func (o *outbox) crowded() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.closed && o.full()
}

// moving reports whether the peer has taken something within the time.
func (o *outbox) moving(within time.Duration) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return time.Since(o.moved) < within
}

// close lets no more be pushed. What is queued is written.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	if !o.writing && o.next == len(o.queue) {
		o.end()
	}
}

// end says that nothing more is written. The caller holds mu.
func (o *outbox) end() {
	if !o.ended {
		o.ended = true
		close(o.done)
	}
}

// run writes frames in the order they were queued, in batches of at most so many bytes
// or of one frame, until none is left, or a write fails.
func (o *outbox) run(ctx context.Context, most int, write func(context.Context, [][]byte) error) error {
	for {
		batch, taken := o.take(o.spare[:0], most)
		if taken == 0 {
			return nil
		}
		if err := write(ctx, batch); err != nil {
			o.fail(err)
			return err
		}
		o.wrote(batch, taken)
		if cap(batch) <= spareFrames {
			o.spare = batch
		}
	}
}

// fail ends all writing: the stream is of no more use.
func (o *outbox) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failed, o.closed = err, true
	o.end()
}

// failure returns the error of the write that failed, if any has.
func (o *outbox) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failed
}

// take moves frames from the queue to the batch: the first, and what follows while the
// batch is short, so that what is still queued can be withdrawn while a slow peer is
// written to. It returns how many frames it took, those included that were withdrawn;
// after 0 of them nobody writes any more until something is pushed.
func (o *outbox) take(batch [][]byte, most int) (_ [][]byte, taken int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for bytes := 0; o.next < len(o.queue) && (taken == 0 || bytes < most); taken++ {
		if data := o.queue[o.next].data; data != nil {
			batch = append(batch, data)
			bytes += len(data)
		}
		o.queue[o.next] = frame{}
		o.next++
	}
	switch {
	case o.next == len(o.queue):
		o.base += uint64(o.next)
		o.queue, o.next = o.queue[:0], 0
	case o.next >= 1024 && o.next*2 >= len(o.queue):
		o.compact()
	}
	if taken == 0 {
		o.writing = false
		if o.closed {
			o.end()
		}
	}
	return batch, taken
}

// compact moves what is queued to the front, when at least as much was taken, so
// that a queue which never runs empty does not grow. The caller holds mu.
func (o *outbox) compact() {
	o.base += uint64(o.next)
	n := copy(o.queue, o.queue[o.next:])
	clear(o.queue[n:])
	o.queue, o.next = o.queue[:n], 0
}

// wrote notes that the batch taken last was written.
func (o *outbox) wrote(batch [][]byte, taken int) {
	o.mu.Lock()
	for i, data := range batch {
		o.bytes -= len(data)
		freeFrame(data)
		batch[i] = nil
	}
	o.frames -= taken
	o.moved = time.Now()
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
