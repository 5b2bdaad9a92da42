package transport

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// Why the calls of a connection are cancelled.
var (
	errPeerGone     = errors.New("the client disconnected")
	errGraceOver    = errors.New("the client sent its last message and the grace is over")
	errShuttingDown = errors.New("the server is shutting down")
)

// Close codes (RFC 6455, section 7.4.1).
const (
	closeNormal    = 1000
	closeGoingAway = 1001
	closePolicy    = 1008 // the peer does not read
)

// flushPatience is how long a server that shuts down waits for a peer to take what
// is still queued for it.
const flushPatience = 2 * time.Second

// A conn is one peer being served. Its reader goroutine, that of the intake, decodes and
// dispatches, and runs no tools but quick ones (see burst), which cannot keep it from
// reading, and writes their answers; other answers are written by a goroutine of the
// outbox, which is there while there is something to write; each other call has a goroutine
// of the engine's.
type conn struct {
	server *Server
	stream Stream
	peer   Peer
	in     *intake
	out    *outbox

	// ctx is done when the connection is at its end. callCtx, which the calls have, is never:
	// stopCalls ends them.
	ctx     context.Context
	cancel  context.CancelCauseFunc
	callCtx context.Context
	calls   sync.WaitGroup

	mu            sync.Mutex
	requests      map[string]*pending      // guarded by mu; calls in flight, by rawID.key
	subscriptions map[string]*subscription // guarded by mu; likewise
	tokens        map[string]bool          // guarded by mu; progress tokens in use
	ending        bool                     // guarded by mu; no new subscriptions
	leaving       bool                     // guarded by mu; no new calls either
	stopped       error                    // guarded by mu; why calls are stopped, those to come too
	session
}

// session is what the handshake of a legacy revision settles for the connection.
// Requests of a modern revision neither read nor change it.
type session struct {
	revision *mcp.Revision // guarded by mu; nil before initialize
	ready    bool          // guarded by mu; after notifications/initialized
	level    tools.Level   // guarded by mu; of logging/setLevel, empty before
	changed  ticket        // guarded by mu; the last list_changed that was queued
}

func newConn(ctx context.Context, s *Server, stream Stream, peer Peer) *conn {
	c := &conn{
		server: s, stream: stream, peer: peer,
		requests: map[string]*pending{}, subscriptions: map[string]*subscription{},
		tokens: map[string]bool{},
	}
	write := func() {
		runtime.Gosched() // calls that are about to end join the batch
		c.write()
	}
	c.out = newOutbox(func() { s.opts.Engine.Spawn(write) })
	c.ctx, c.cancel = context.WithCancelCause(ctx)
	c.callCtx = context.WithoutCancel(ctx)
	c.in = newIntake(c)
	return c
}

// log returns the log with what tells the connection. It is made when it is needed, which
// for most connections is never.
func (c *conn) log() *slog.Logger {
	return c.server.log.With("transport", c.peer.Transport, "address", c.peer.Address, "caller", c.peer.Caller)
}

// serve runs the connection to its end.
func (c *conn) serve() error {
	unsubscribe := c.server.opts.Registry.Subscribe(c.toolsChanged)
	defer unsubscribe()
	stop := context.AfterFunc(c.ctx, func() {
		c.stopCalls(errPeerGone)
		c.hangUp(c.closeCode()) // to wake a reader that waits
	})
	defer stop()

	err := c.in.run()
	switch {
	case c.ctx.Err() != nil: // ended from here, and the stream closed for it
		err = context.Cause(c.ctx)
	case errors.Is(err, io.EOF):
		c.finishCalls()
		err = nil
	}
	c.stopCalls(errPeerGone)
	c.calls.Wait()
	for !c.flush(c.peer.Grace) && c.out.moving(c.peer.Grace) { // a slow reader is a reader
	}
	if err == nil && c.peer.Grace > 0 { // the answers were still wanted
		err = c.out.failure()
	}
	c.cancel(errPeerGone)
	c.hangUp(c.closeCode())
	if errors.Is(err, errShuttingDown) {
		return nil
	}
	return err
}

// write writes what is queued.
func (c *conn) write() {
	most, write := 1, func(ctx context.Context, batch [][]byte) error {
		if len(batch) == 0 {
			return nil
		}
		return c.stream.Write(ctx, batch[0])
	}
	if stream, ok := c.stream.(BatchWriter); ok {
		most, write = batchBytes, stream.WriteBatch
	}
	if err := c.out.run(c.ctx, most, write); err != nil {
		c.fail(err)
	}
}

// writeHeld writes what was held back, unless somebody writes.
func (c *conn) writeHeld() {
	if c.out.claim() {
		c.write()
	}
}

// kick has what was held back written.
func (c *conn) kick() {
	if c.out.claim() {
		c.server.opts.Engine.Spawn(c.write)
	}
}

// finishCalls lets running calls end by themselves for as long as the peer grants.
func (c *conn) finishCalls() {
	done := make(chan struct{})
	go func() { c.calls.Wait(); close(done) }()
	timer := time.NewTimer(c.peer.Grace)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		c.stopCalls(errGraceOver)
		<-done
	case <-c.ctx.Done():
	}
}

// flush waits until everything queued is written, for a while. It returns true where
// nothing more will be.
func (c *conn) flush(patience time.Duration) bool {
	c.out.close()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c.out.done:
	case <-c.ctx.Done():
	case <-timer.C:
		return false
	}
	return true
}

// fail ends the connection: its calls are cancelled and its stream closed.
func (c *conn) fail(cause error) {
	c.log().Debug("connection failed", "error", cause)
	c.cancel(cause)
}

func (c *conn) closeCode() (int, string) {
	switch cause := context.Cause(c.ctx); {
	case errors.Is(cause, errSlowReader):
		return closePolicy, errSlowReader.Error()
	case errors.Is(cause, errShuttingDown):
		return closeGoingAway, errShuttingDown.Error()
	}
	return closeNormal, ""
}

func (c *conn) hangUp(code int, reason string) {
	if err := c.stream.Close(code, reason); err != nil {
		c.log().Debug("close", "error", err)
	}
}

// send queues a message that must not be lost; where it cannot be queued the
// connection is at its end.
func (c *conn) send(frame []byte) { c.push(frame) }

func (c *conn) push(frame []byte) ticket { return c.pushed(c.out.push(frame)) }

func (c *conn) pushed(queued ticket, err error) ticket {
	if errors.Is(err, errSlowReader) {
		c.fail(err)
	}
	return queued
}

// leave ends the connection in order, once nothing new is to begin: its calls are
// over and their answers written before the stream is closed.
func (c *conn) leave() {
	c.mu.Lock()
	c.leaving = true
	c.mu.Unlock()
	c.calls.Wait()
	c.flush(flushPatience)
	c.cancel(errShuttingDown)
}
