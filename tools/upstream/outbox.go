package upstream

import (
	"container/list"
	"context"
	"sync"
)

// maxReplies is how many answers to a server's own requests may wait to be written;
// a server that asks faster than it reads is not answered further.
const maxReplies = 64

// outbox holds the messages that wait to be written. Putting one in never blocks.
type outbox struct {
	wake chan struct{} // holds a token while frames may not be empty or closing is new

	mu      sync.Mutex // guards what follows
	frames  list.List  // of *frame
	waiting map[uint64]*list.Element
	replies int
	closing bool
}

// frame is one message. Id is that of a request, 0 for others.
type frame struct {
	text  []byte
	id    uint64
	reply bool
}

func newOutbox() *outbox {
	return &outbox{wake: make(chan struct{}, 1), waiting: map[uint64]*list.Element{}}
}

// push adds a message at the end. It reports whether there was room for it, which
// only replies can lack.
func (o *outbox) push(f *frame) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if f.reply {
		if o.replies == maxReplies {
			return false
		}
		o.replies++
	}
	element := o.frames.PushBack(f)
	if f.id != 0 {
		o.waiting[f.id] = element
	}
	o.signal()
	return true
}

// withdraw takes the request of this id back. It reports whether it was still here,
// so that the server never hears of it.
func (o *outbox) withdraw(id uint64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	element, ok := o.waiting[id]
	if ok {
		o.frames.Remove(element)
		delete(o.waiting, id)
	}
	return ok
}

// finish lets the writer end once everything is written.
func (o *outbox) finish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closing = true
	o.signal()
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// next waits for a message. It returns nil when there is none and none will come.
func (o *outbox) next(ctx context.Context) []byte {
	for {
		text, finished := o.pop()
		if text != nil || finished {
			return text
		}
		select {
		case <-o.wake:
		case <-ctx.Done():
			return nil
		}
	}
}

func (o *outbox) pop() (text []byte, finished bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	front := o.frames.Front()
	if front == nil {
		return nil, o.closing
	}
	f := o.frames.Remove(front).(*frame)
	delete(o.waiting, f.id)
	if f.reply {
		o.replies--
	}
	return f.text, false
}
