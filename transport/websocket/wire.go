package websocket

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// An idle connection holds these two buffers, so they are small. What does not fit is read
// into the message's own memory, and written from memory that is borrowed.
const (
	readBuffer  = 1 << 10
	writeBuffer = 256
)

// A gulp is memory for more than the read buffer holds. A connection on which that came
// at once borrows one for its next read, and keeps it until less comes, be it a pong.
type gulp [8 << 10]byte

var gulps = sync.Pool{New: func() any { return new(gulp) }}

// corkedMessage is up to where a message is copied to be written in one piece with the
// header of its frame: the copy costs less than another system call.
const corkedMessage = 16 << 10

// A wire is the network connection under a stream. It knows whether the stream waits
// for the peer at the moment, which tells a peer that is silent from one that nobody
// listens to.
type wire struct {
	net.Conn
	buffer *bufio.Reader // what the library reads from; owned by Read. nil for a client
	head   []byte        // what was read before its time, with the upgrade or in gulp; owned by Read
	gulp   *gulp         // borrowed from gulps, or nil; owned by Read
	much   bool          // came with the last read; owned by Read
	gauge  *gauge        // of what is read; nil where that is not frames, but TLS
	reads  atomic.Uint64 // twice the number of reads begun, less one while one waits
	lost   atomic.Bool   // a read failed
	sent   atomic.Int64  // bytes written since the last ping

	// turn is full while something is written: what was held back, and a control frame
	// beside it. A channel and no mutex, so that tests in virtual time can wait for it.
	turn chan struct{}

	mu   sync.Mutex
	held *[]byte // guarded by mu; what is written while corked, borrowed from messages; nil while not
}

// Read reads from the connection.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.read(p)
	if w.gauge != nil {
		w.gauge.see(p[:n])
	}
	return n, err
}

func (w *wire) read(p []byte) (n int, err error) {
	if len(w.head) > 0 {
		n = copy(p, w.head)
		w.head = w.head[n:]
		return n, nil
	}
	switch {
	case w.much && w.gulp == nil:
		w.gulp = gulps.Get().(*gulp)
	case !w.much && w.gulp != nil:
		gulps.Put(w.gulp)
		w.gulp = nil
	}
	if w.gulp == nil || len(p) >= len(w.gulp) {
		n, err = w.receive(p)
		w.much = n == len(p)
		return n, err
	}
	got, err := w.receive(w.gulp[:])
	w.much = got > readBuffer
	n = copy(p, w.gulp[:got])
	w.head = w.gulp[n:got]
	return n, err
}

func (w *wire) receive(p []byte) (int, error) {
	w.reads.Add(1)
	n, err := w.Conn.Read(p)
	w.reads.Add(1)
	if err != nil {
		w.lost.Store(true)
	}
	return n, err
}

// Write writes to the connection, or while it is corked keeps what is to be written.
func (w *wire) Write(p []byte) (int, error) {
	if w.hold(p) {
		return len(p), nil
	}
	w.turn <- struct{}{}
	n, err := w.Conn.Write(p)
	<-w.turn
	w.sent.Add(int64(n))
	return n, err
}

func (w *wire) hold(p []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held == nil {
		return false
	}
	*w.held = append(*w.held, p...)
	return true
}

// cork has everything kept that is written from now on, until uncork writes it at once.
func (w *wire) cork() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = messages.Get().(*[]byte)
	*w.held = (*w.held)[:0]
}

// uncork ends what cork began. A control frame may overtake what it writes, as it may
// between any two messages.
func (w *wire) uncork() error {
	w.mu.Lock()
	held := w.held
	w.held = nil
	w.mu.Unlock()
	_, err := w.Write(*held)
	giveBack(held)
	return err
}

// A takeover is a response writer whose connection, once it is taken over, is a wire
// with buffers of our size instead of those that it served HTTP with.
type takeover struct {
	http.ResponseWriter
	wire *wire
}

// Hijack implements [http.Hijacker].
func (t *takeover) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(t.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	head, _ := buffers.Reader.Peek(buffers.Reader.Buffered())
	t.wire = &wire{Conn: conn, turn: make(chan struct{}, 1), head: bytes.Clone(head)}
	t.wire.buffer = bufio.NewReaderSize(t.wire, readBuffer)
	return t.wire, bufio.NewReadWriter(t.wire.buffer, bufio.NewWriterSize(t.wire, writeBuffer)), nil
}
