package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/tools/upstream"
)

// Options configure a bridge.
type Options struct {
	// Dial connects to the server. Required.
	Dial func(ctx context.Context) (upstream.Stream, error)

	// Final reports whether it is of no use to dial again after this error of the first
	// connection. Required.
	Final func(error) bool

	// Patience is how long the first connection may take, however often it is tried.
	// Later ones are tried for ever. Required.
	Patience time.Duration

	// Grace is how long what runs may go on when the client has sent its last message.
	Grace time.Duration

	// Logger is told of connections that come and go. Required.
	Logger *slog.Logger
}

// dialTimeout is how long one attempt to connect may take, the handshake included.
const dialTimeout = 10 * time.Second

// lastAnswers is how long the client may take to read the last answers.
const lastAnswers = time.Second

// A bridge is one client and the server that it is connected to at the moment.
type bridge struct {
	opts   Options
	client upstream.Stream
	ready  chan struct{} // closed when the first connection is there, or given up

	broken   context.Context         // done when a message could not be written to the client
	breakOff context.CancelCauseFunc // ends it, with why

	writing sync.Mutex // held while a message is written to the client

	mu      sync.Mutex // guards what follows
	server  upstream.Stream
	why     error      // server is nil
	held    []*message // what the client has sent before ready
	gaveUp  bool       // there will never be a connection
	pending pending    // requests that were passed on
	hello   hello
}

// Run carries messages until the client ends its side or asked is done: then what runs may
// go on for the grace, or until forced is done. Both streams are closed when it returns.
// The error says why there was never a connection or, if it is a [ClientError], why the
// client could not be read or written to.
func Run(asked, forced context.Context, client upstream.Stream, opts Options) error {
	b := &bridge{opts: opts, client: client, ready: make(chan struct{}), pending: newPending()}
	b.broken, b.breakOff = context.WithCancelCause(context.Background())
	defer b.breakOff(nil)
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(asked))
	defer cancel(nil)
	serving := make(chan error, 1)
	go func() { serving <- b.keep(ctx) }()
	left := make(chan error, 1)
	go func() { left <- b.toServer() }()
	var err error
	select {
	case err = <-left:
		err = clientError(err)
		b.finish(forced)
	case <-asked.Done():
		b.finish(forced)
	case <-b.broken.Done():
	case err = <-serving:
		serving <- nil
	}
	cancel(errLeft)
	last := time.AfterFunc(lastAnswers, func() { _ = client.Close(1000, "") }) // it may not read any more
	defer last.Stop()
	b.drop(errLeft)
	<-serving
	_ = client.Close(1000, "")
	if err == nil {
		err = clientError(context.Cause(b.broken))
	}
	return err
}

// A ClientError is why the client could not be read or written to.
type ClientError struct{ Err error }

// Error returns the text of the cause.
func (e *ClientError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ClientError) Unwrap() error { return e.Err }

// clientError makes a ClientError of err; nil of nil.
func clientError(err error) error {
	if err == nil {
		return nil
	}
	return &ClientError{err}
}

var errLeft = errors.New("the client has left")

// finish waits until all requests are answered, but not for long.
func (b *bridge) finish(forced context.Context) {
	ctx, cancel := context.WithTimeout(forced, b.opts.Grace)
	defer cancel()
	b.mu.Lock()
	idle := b.pending.idle()
	b.mu.Unlock()
	select {
	case <-idle:
	case <-b.broken.Done():
	case <-ctx.Done():
	}
}

// keep connects to the server again and again, until ctx is done. Its error says why the
// first connection failed.
func (b *bridge) keep(ctx context.Context) error {
	if err := b.first(ctx); err != nil {
		return err
	}
	for failures := 0; ctx.Err() == nil; {
		begun := time.Now()
		err := b.toClient(ctx)
		if time.Since(begun) > dialTimeout {
			failures = 0
		}
		b.drop(err)
		for ctx.Err() == nil {
			failures++
			wait := upstream.Backoff(failures)
			b.opts.Logger.Warn("not connected", "error", err, "again_in", wait.Round(time.Millisecond))
			rest(ctx, wait)
			if err = b.connect(ctx); err == nil {
				break
			}
			b.drop(err)
		}
	}
	return nil
}

// first connects for the first time.
func (b *bridge) first(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, b.opts.Patience)
	defer cancel()
	for failures := 1; ; failures++ {
		err := b.connect(ctx)
		if err == nil {
			close(b.ready)
			return nil
		}
		if ctx.Err() == nil && !b.opts.Final(err) {
			wait := upstream.Backoff(failures)
			b.opts.Logger.Warn("not connected", "error", err, "again_in", wait.Round(time.Millisecond))
			rest(ctx, wait)
			if ctx.Err() == nil {
				continue
			}
		}
		b.giveUp(err)
		return err
	}
}

// giveUp tells the client, where it has asked for something already.
func (b *bridge) giveUp(err error) {
	b.mu.Lock()
	b.why, b.gaveUp = err, true
	held := b.held
	b.mu.Unlock()
	for _, m := range held {
		b.fail(m, false)
	}
	close(b.ready)
}

func rest(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// connect dials the server and repeats what it must know of the client.
func (b *bridge) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	server, err := b.opts.Dial(ctx)
	if err != nil {
		return err
	}
	b.mu.Lock()
	hello := b.hello
	b.mu.Unlock()
	if err := hello.repeat(ctx, server); err != nil {
		_ = server.Close(1000, "")
		return fmt.Errorf("the handshake: %w", err)
	}
	b.mu.Lock()
	b.server, b.why = server, nil
	b.mu.Unlock()
	b.opts.Logger.Info("connected")
	if hello.complete() {
		b.tell([]byte(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`))
	}
	return nil
}

// drop closes the connection and answers what it owes.
func (b *bridge) drop(why error) {
	b.mu.Lock()
	server := b.server
	b.server, b.why = nil, why
	lost := b.pending.takeAll()
	b.mu.Unlock()
	if server != nil {
		_ = server.Close(1000, "")
	}
	for _, m := range lost {
		b.fail(m, true)
	}
}
