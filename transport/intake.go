package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"time"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// Bounds on what is read ahead of its turn from one peer: thousands of small requests, or
// one that is as long as messages get.
const (
	aheadMessages = 4096
	aheadBytes    = 4 << 20
)

// An intake takes a peer's messages in the order they come. While the peer does not take
// its answers and the outbox is over its soft bound, their turn does not come. They are
// read ahead all the same, up to a bound, for the sake of two things that cost no answer:
// its cancellations, which are taken at once, and the end of what it sends.
//
// It belongs to the reader goroutine of the connection. That is the one of run while the
// connection is not busy; one of the engine's takes over to run a burst, and stays where the
// connection is hot. While the reader has more to wait for than the stream, a further
// goroutine sits in Read.
type intake struct {
	conn     *conn
	unending context.Context // the connection's, but for its end

	backlog []arrival    // messages whose turn has not come
	bytes   int          // of their data
	ahead   chan arrival // what the goroutine that reads ahead gives; it never waits to. nil until there is one
	reading bool         // it reads, or what it gave was not taken yet
	end     error        // why nothing more can be read

	ready func() bool // the stream's; nil where that does not know
	burst *burst

	home    bool       // the goroutine of run reads
	stopped chan error // why another one has stopped; nil until there was one
}

// An arrival is what one read gave: a message, the fault of one that the stream had to
// skip, or the error that ended the stream.
type arrival struct {
	data  []byte
	fault *jsonrpc2.Error
	err   error
	// key is that of the request's id, where a request waits for its turn.
	key string
}

func newIntake(c *conn) *intake {
	in := &intake{conn: c, unending: context.WithoutCancel(c.ctx)}
	in.burst = &burst{in: in}
	if stream, ok := c.stream.(ReadyReader); ok {
		in.ready = stream.Ready
	}
	return in
}

// Why a goroutine stops reading where the stream has not ended.
var (
	errPassed = errors.New("another goroutine reads")
	errHome   = errors.New("the goroutine of run is to read")
)

// run takes messages until the stream ends, and returns why it has.
func (in *intake) run() error {
	for {
		in.home = true
		err := in.take()
		if err == errPassed {
			err = <-in.stopped
		}
		if p, ok := err.(*panicked); ok {
			panic(p)
		}
		if err != errHome {
			return err
		}
	}
}

// resume goes on with what run has begun, on another goroutine. A panic is left to that of
// run, whose callers may expect one.
func (in *intake) resume() {
	defer func() {
		if value := recover(); value != nil {
			in.stopped <- &panicked{value, debug.Stack()}
		}
	}()
	if err := in.take(); err != errPassed {
		in.stopped <- err
	}
}

// panicked is a panic of another goroutine.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("%v\n\n%s", p.value, p.stack) }

// take takes messages until the stream ends, or another goroutine is to read.
func (in *intake) take() error {
	for {
		if len(in.burst.calls) > 0 && !in.gathers() {
			if err := in.runBurst(); err != nil {
				return err
			}
		}
		if len(in.burst.calls) > 0 { // so the next message is there
			in.burst.read++
		} else if in.conn.out.crowded() && in.wait() {
			continue
		}
		switch a := in.next(); {
		case a.err != nil:
			in.burst.startFrom(0)
			return a.err
		case a.fault != nil:
			in.conn.fault(nil, a.fault)
		default:
			in.conn.receive(a.data)
		}
	}
}

// next returns the message whose turn it is.
func (in *intake) next() arrival {
	switch {
	case len(in.backlog) > 0:
		a := in.backlog[0]
		in.backlog[0] = arrival{}
		in.backlog = in.backlog[1:]
		in.bytes -= len(a.data)
		return a
	case in.end != nil:
		return arrival{err: in.end}
	case in.reading:
		in.reading = false
		return <-in.ahead
	}
	return in.read()
}

// read reads from the stream. It is woken at the end of the connection by hangUp and not
// by the context: a stream whose read is cancelled is cut before it can say why.
func (in *intake) read() arrival {
	data, err := in.conn.stream.Read(in.unending)
	if err == nil {
		return arrival{data: bytes.Clone(data)} // calls outlive the stream's buffer
	}
	var skipped interface{ Skipped() string }
	if errors.As(err, &skipped) {
		return arrival{fault: invalidRequest("%s", skipped.Skipped())}
	}
	return arrival{err: err}
}

// wait returns true when a message has been read ahead or the outbox may have space, and
// false when there is nothing to wait for: nobody takes answers any more.
func (in *intake) wait() bool {
	if in.end != nil && len(in.backlog) == 0 {
		return false
	}
	if in.end == nil && !in.reading && len(in.backlog) < aheadMessages && in.bytes < aheadBytes {
		in.reading = true
		if in.ahead == nil {
			in.ahead = make(chan arrival, 1)
		}
		go func() { in.ahead <- in.read() }()
	}
	var over <-chan time.Time
	if in.end != nil {
		timer := time.NewTimer(in.conn.peer.Grace)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case a := <-in.ahead:
		in.reading = false
		in.park(a)
		return true
	case <-in.conn.out.space:
		return true
	case <-over:
		if in.conn.out.moving(in.conn.peer.Grace) {
			return true
		}
		in.conn.log().Info("the client sent its last message and takes no answers", "unserved", len(in.backlog))
	case <-in.conn.out.done:
	case <-in.conn.ctx.Done():
	}
	in.backlog = nil
	return false
}

// park has a message wait for its turn, unless it is a cancellation. A request that waits
// and is cancelled is forgotten; in a batch it waits with the others.
func (in *intake) park(a arrival) {
	if a.err != nil {
		if in.end = a.err; a.err != io.EOF {
			in.backlog = nil
		}
		return
	}
	if a.fault == nil && !isBatch(a.data) {
		m, fault := decode(a.data)
		if fault == nil && m.id == nil && m.method == mcp.NotificationCancelled {
			in.cancel(m)
			return
		}
		if m.id != nil {
			a.key = m.id.key()
		}
	}
	in.backlog = append(in.backlog, a)
	in.bytes += len(a.data)
}

// cancel takes a cancellation before its turn.
func (in *intake) cancel(m *message) {
	if id := rawID(m.params.get("requestId")); validID(id) {
		key := id.key()
		in.backlog = slices.DeleteFunc(in.backlog, func(a arrival) bool {
			if a.key != key {
				return false
			}
			in.bytes -= len(a.data)
			return true
		})
	}
	in.conn.notified(m)
}

// gather makes a call part of the burst, where that may be.
func (in *intake) gather(r *request, job *executor.Job, done func(*tools.Result, error)) bool {
	if in.ready == nil || !job.Quick() {
		return false
	}
	r.burst = in.burst
	in.burst.calls = append(in.burst.calls, quickCall{job, done})
	return true
}

// gathers reports whether calls may join the burst before anything is to be waited for.
func (in *intake) gathers() bool {
	return len(in.burst.calls) < burstCalls && in.burst.read < burstMessages && !in.conn.out.crowded() &&
		(len(in.backlog) > 0 || in.end == nil && !in.reading && in.ready())
}

// runBurst runs the burst. It returns errPassed or errHome where this goroutine is not to
// read on.
func (in *intake) runBurst() error {
	switch b := in.burst; {
	case in.home:
		// The goroutine of run must return when the stream has ended, whatever becomes
		// of the handlers.
		if in.home = false; in.stopped == nil {
			in.stopped = make(chan error, 1)
		}
		in.conn.server.opts.Engine.Spawn(in.resume)
		return errPassed
	case !b.run(&in.conn.server.lookout):
		return errPassed
	case !b.hot(): // it is cheaper, of two goroutines, to keep none while nothing comes
		return errHome
	}
	return nil
}
