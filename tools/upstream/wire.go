package upstream

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sourcegraph/jsonrpc2"
)

// flushTimeout is how long an orderly close waits for the outbox to empty.
const flushTimeout = time.Second

// wire is the object stream under a jsonrpc2.Conn. Conn tells it what to send and
// learns from it which ids are answered; everything else stays here.
type wire struct {
	stream  Stream
	logger  *slog.Logger
	changed func() // the server's tools are others; nil where nobody asked
	calls   *calls
	outbox  *outbox
	stats   counters
	noise   int               // messages in a row that made no sense; the reader's own
	modern  atomic.Bool       // the server takes no responses
	sending *jsonrpc2.Request // what Conn is about to write; guarded by Conn's send lock

	answered chan uint64 // ids that Conn may forget, with their answers in pending

	ctx     context.Context // ends with the connection
	stop    context.CancelCauseFunc
	once    sync.Once
	written chan struct{}  // closed when the writer has ended
	loops   sync.WaitGroup // reader and writer
}

func newWire(stream Stream, opts Options) *wire {
	w := &wire{
		stream: stream, logger: opts.Logger, changed: opts.OnToolsChanged, calls: newCalls(), outbox: newOutbox(),
		answered: make(chan uint64), written: make(chan struct{}),
	}
	w.ctx, w.stop = context.WithCancelCause(context.Background())
	w.loops.Go(w.read)
	w.loops.Go(w.write)
	return w
}

// read is the reader: it owns stream.Read until the stream ends.
func (w *wire) read() {
	for {
		data, err := w.stream.Read(context.Background()) // Close unblocks it
		var skip skipped
		switch {
		case err == nil:
			err = w.receive(data)
		case errors.As(err, &skip):
			err = w.makesNoSense("skipped: " + skip.Skipped())
		}
		if err != nil {
			w.fail(err)
			return
		}
	}
}

// write is the writer: it owns stream.Write.
func (w *wire) write() {
	defer close(w.written)
	for {
		text := w.outbox.next(w.ctx)
		if text == nil {
			return
		}
		if err := w.stream.Write(context.Background(), text); err != nil {
			w.fail(err)
			return
		}
	}
}

// fail ends the connection; the first cause stays.
func (w *wire) fail(cause error) {
	w.once.Do(func() {
		w.stop(cause)
		if err := w.stream.Close(1000, ""); err != nil {
			w.logger.Debug("closing the stream", "error", err)
		}
	})
}

// flush waits until everything is written, but not for long.
func (w *wire) flush() {
	w.outbox.finish()
	timer := time.NewTimer(flushTimeout)
	defer timer.Stop()
	select {
	case <-w.written:
	case <-timer.C:
	case <-w.ctx.Done():
	}
}

// onSend notes what Conn hands to WriteObject next, in a form that can be read.
func (w *wire) onSend(req *jsonrpc2.Request, _ *jsonrpc2.Response) { w.sending = req }

// WriteObject queues the message that Conn sends. It implements
// [jsonrpc2.ObjectStream]; the object itself is of a type that only Conn can read.
func (w *wire) WriteObject(any) error {
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	req := w.sending
	if req.Notif {
		var params []byte
		if req.Params != nil {
			params = *req.Params
		}
		w.outbox.push(&frame{text: appendMessage(0, req.Method, params)})
		return nil
	}
	p := w.calls.get(req.ID.Num)
	if p == nil {
		return errForeseen
	}
	w.outbox.push(&frame{text: appendMessage(p.id, req.Method, p.params), id: p.id})
	return nil
}

// appendMessage returns a request, or a notification where id is 0. Params is JSON
// on one line, or nil.
func appendMessage(id uint64, method string, params []byte) []byte {
	text := make([]byte, 0, 96+len(params))
	text = append(text, `{"jsonrpc":"2.0"`...)
	if id != 0 {
		text = append(text, `,"id":`...)
		text = strconv.AppendUint(text, id, 10)
	}
	text = append(text, `,"method":`...)
	text = strconv.AppendQuote(text, method)
	if params != nil {
		text = append(text, `,"params":`...)
		text = append(text, params...)
	}
	return append(text, '}')
}

// ReadObject gives Conn the next id that is answered, as an empty response. It
// implements [jsonrpc2.ObjectStream].
func (w *wire) ReadObject(v any) error {
	message, ok := v.(interface{ UnmarshalJSON([]byte) error })
	if !ok {
		return errors.New("upstream: jsonrpc2.Conn reads into an unknown type")
	}
	select {
	case id := <-w.answered:
		text := strconv.AppendUint([]byte(`{"id":`), id, 10)
		return message.UnmarshalJSON(append(text, `,"result":null}`...))
	case <-w.ctx.Done():
		return io.EOF
	}
}

// Close ends the connection. It implements [jsonrpc2.ObjectStream].
func (w *wire) Close() error {
	w.fail(ErrClosed)
	return nil
}

// settle tells Conn that it may forget this id.
func (w *wire) settle(id uint64) {
	select {
	case w.answered <- id:
	case <-w.ctx.Done():
	}
}
