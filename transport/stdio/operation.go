package stdio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
)

var errClosed = fmt.Errorf("stdio: the stream is closed: %w", os.ErrClosed)

// An operation runs one blocking Read or Write at a time, on a goroutine of its own,
// so that the one who waits for it can leave while it is stuck in a system call.
// After wait has returned for a reason other than the end of the operation, it must
// not be called again, and the bytes it was given belong to the goroutine.
//
// A goroutine for each operation is cheaper than one that stands by (0.4 against
// 0.5 us), since it runs at once on the processor of the waiter, and there is none to
// end.
type operation struct {
	do   func([]byte) (int, error)
	run  func() // o.start, bound once: a go statement would bind it each time
	data []byte
	done chan outcome // of capacity 1, so that what was left behind can end
	busy atomic.Bool
}

type outcome struct {
	n   int
	err error
}

func newOperation(do func([]byte) (int, error)) *operation {
	o := &operation{do: do, done: make(chan outcome, 1)}
	o.run = o.start
	return o
}

func (o *operation) start() {
	n, err := o.do(o.data)
	o.busy.Store(false)
	o.done <- outcome{n, err}
}

// wait runs the operation on data and waits until it ends, the stream is closed or
// ctx is done.
func (o *operation) wait(ctx context.Context, closed <-chan struct{}, data []byte) (int, error) {
	select {
	case <-closed:
		return 0, errClosed
	default:
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	o.data = data
	o.busy.Store(true)
	go o.run()
	select {
	case out := <-o.done:
		return out.n, out.err
	case <-closed:
		return 0, errClosed
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// release closes what the operation works on, if it can be closed and has not been,
// as a connection that is both the reader and the writer has the second time. It does
// not wait for an operation under way, as the Close of a file does on Windows.
func (o *operation) release(what any) error {
	closer, ok := what.(io.Closer)
	if !ok {
		return nil
	}
	if o.busy.Load() {
		go closer.Close()
		return nil
	}
	err := closer.Close()
	if errors.Is(err, os.ErrClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
