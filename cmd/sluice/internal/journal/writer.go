package journal

import (
	"bytes"
	"context"
	"io"
	"sync"
	"sync/atomic"
)

// maxPending is how many bytes of lines wait to be written.
const maxPending = 1 << 20

// A writer hands lines on to another one, on a goroutine of its own. Write never blocks:
// a line for which there is no room is dropped and counted, and so are those that the
// other writer refuses.
type writer struct {
	out      io.Writer
	dropped  atomic.Uint64     // lines
	lost     func(news uint64) // told on the goroutine when some were dropped, and lines go out again
	wake     chan struct{}
	ended    chan struct{} // closed when all is written after close
	reported uint64        // of dropped; belongs to the goroutine

	mu      sync.Mutex // guards all below
	pending []byte     // whole lines
	closed  bool
}

func newWriter(out io.Writer, lost func(uint64)) *writer {
	w := &writer{out: out, lost: lost, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	go w.run()
	return w
}

// Write takes one line. It always reports success: there is nobody to tell.
func (w *writer) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || len(w.pending)+len(line) > maxPending {
		w.dropped.Add(1)
		return len(line), nil
	}
	w.pending = append(w.pending, line...)
	w.rouse()
	return len(line), nil
}

func (w *writer) rouse() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *writer) run() {
	defer close(w.ended)
	var spare []byte
	for range w.wake {
		lines, last := w.take(spare[:0])
		spare = lines
		if len(lines) > 0 {
			w.write(lines)
		}
		if last {
			return
		}
	}
}

// take returns what is pending, and leaves spare in its place. Last says that nothing
// comes after it.
func (w *writer) take(spare []byte) (lines []byte, last bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	lines, w.pending = w.pending, spare
	return lines, w.closed
}

func (w *writer) write(lines []byte) {
	if _, err := w.out.Write(lines); err != nil {
		w.dropped.Add(uint64(bytes.Count(lines, []byte("\n"))))
		return
	}
	if dropped := w.dropped.Load(); dropped > w.reported {
		w.lost(dropped - w.reported)
		w.reported = dropped
	}
}

// close has what is pending written, and returns when it is or ctx is done.
func (w *writer) close(ctx context.Context) {
	w.mu.Lock()
	w.closed = true
	w.rouse()
	w.mu.Unlock()
	select {
	case <-w.ended:
	case <-ctx.Done():
	}
}
