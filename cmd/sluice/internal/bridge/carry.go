package bridge

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"

	"github.com/sluice-dev/sluice/tools/upstream"
)

// skipped is the error of a Read after which the stream goes on.
type skipped interface {
	error
	Skipped() string
}

// toServer passes on what the client sends until it ends its side.
func (b *bridge) toServer() error {
	for {
		text, err := b.client.Read(context.Background()) // Close unblocks it
		if _, ok := errors.AsType[skipped](err); ok {
			b.opts.Logger.Warn("a message of the client was left out", "error", err)
			continue
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		b.pass(bytes.Clone(text))
	}
}

// pass passes one message on, or answers the requests in it where there is no
// connection.
func (b *bridge) pass(text []byte) {
	messages := read(text)
	server, gaveUp := b.take(messages)
	switch {
	case gaveUp: // who gave up has answered
	case server == nil:
		for _, m := range messages {
			b.fail(m, false)
		}
	default:
		if err := server.Write(context.Background(), text); err != nil {
			b.opts.Logger.Debug("a message was not sent", "error", err)
			_ = server.Close(1000, "") // which toClient hears
		}
	}
}

// take notes what is passed on and returns the connection for it, nil where there is
// none. It waits until the first is there or given up.
func (b *bridge) take(messages []*message) (server upstream.Stream, gaveUp bool) {
	b.mu.Lock()
	b.held = messages
	b.mu.Unlock()
	<-b.ready
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held = nil
	for _, m := range messages {
		b.hello.sent(m)
		if b.server != nil {
			b.pending.sent(m)
		}
	}
	return b.server, b.gaveUp
}

// toClient passes on what the server sends until the connection ends, and returns why it
// did.
func (b *bridge) toClient(ctx context.Context) error {
	b.mu.Lock()
	server := b.server
	b.mu.Unlock()
	for {
		text, err := server.Read(ctx)
		if _, ok := errors.AsType[skipped](err); ok {
			b.opts.Logger.Warn("a message of the server was left out", "error", err)
			continue
		}
		if err != nil {
			return err
		}
		if b.received(text) {
			b.tell(text)
		}
	}
}

// received strikes out what is answered. It reports whether the client is to see the
// message: answers to what was repeated for it are not for it.
func (b *bridge) received(text []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range read(text) {
		if m.isRepeated() {
			return false
		}
		b.hello.received(m)
		b.pending.answered(m)
	}
	return true
}

// tell writes a message to the client. Where it cannot, the bridge ends: what is lost
// must not be lost in silence.
func (b *bridge) tell(text []byte) {
	b.writing.Lock()
	defer b.writing.Unlock()
	if err := b.client.Write(context.Background(), text); err != nil && !errors.Is(err, os.ErrClosed) { // by Run
		b.breakOff(err)
	}
}
