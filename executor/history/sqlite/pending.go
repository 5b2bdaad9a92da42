package sqlite

import (
	"sync"

	"github.com/sluice-dev/sluice/executor/history"
)

// chunkRows is how many rows are handled as one.
const chunkRows = 256

// item is a record on its way to the file. The writer replaces the arguments by what is
// kept of them.
type item struct {
	record    history.Record
	arguments []byte
	hash      []byte
	preview   string
}

// A chunk is a part of a queue, so that a queue grows without being copied.
type chunk struct {
	items [chunkRows]item
	n     int
}

func (c *chunk) rows() []item { return c.items[:c.n] }

var chunks = sync.Pool{New: func() any { return new(chunk) }}

// release gives a chunk back without what it holds.
func (c *chunk) release() {
	clear(c.rows())
	c.n = 0
	chunks.Put(c)
}

// pending is what was appended and not yet taken by the writer.
type pending struct {
	maxRows  int
	maxBytes int64
	ready    chan struct{} // has a value when there is something to take
	urgent   chan struct{} // has a value when there is much

	mu      sync.Mutex // guards all below
	chunks  []*chunk
	rows    int
	bytes   int64
	dropped uint64
	closed  bool
}

func newPending(opts *Options) *pending {
	return &pending{
		maxRows: opts.Pending, maxBytes: opts.PendingBytes,
		ready: make(chan struct{}, 1), urgent: make(chan struct{}, 1),
	}
}

// add takes a record, unless there are too many. One whose arguments alone exceed the
// bound is taken where nothing else waits.
func (p *pending) add(record *history.Record, arguments []byte) {
	p.mu.Lock()
	if p.closed || p.rows >= p.maxRows || p.bytes >= p.maxBytes {
		p.dropped++
		p.mu.Unlock()
		return
	}
	last := len(p.chunks) - 1
	if last < 0 || p.chunks[last].n == chunkRows {
		p.chunks = append(p.chunks, chunks.Get().(*chunk))
		last++
	}
	c := p.chunks[last]
	it := &c.items[c.n]
	it.record, it.arguments = *record, arguments
	c.n++
	p.rows++
	p.bytes += int64(len(arguments) + len(record.Tool) + len(record.Caller))
	rows := p.rows
	p.mu.Unlock()
	switch rows {
	case 1:
		signal(p.ready)
	case min(batchRows, p.maxRows/2):
		signal(p.urgent)
	}
}

// signal leaves a value in a channel of capacity 1.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// take returns what there is and how many were dropped since the last time.
func (p *pending) take() (taken []*chunk, rows int, dropped uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken, rows, dropped = p.chunks, p.rows, p.dropped
	p.chunks, p.rows, p.bytes, p.dropped = nil, 0, 0, 0
	return taken, rows, dropped
}

// count returns how many wait, and were dropped since they were taken last.
func (p *pending) count() (rows int, dropped uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rows, p.dropped
}

// close refuses what comes from now on; false where that was so already.
func (p *pending) close() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.closed
	p.closed = true
	return !was
}
