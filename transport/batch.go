package transport

import (
	"bytes"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/sourcegraph/jsonrpc2"

	"github.com/sluice-dev/sluice/transport/mcp"
)

// isBatch reports whether the message is a JSON array.
func isBatch(data []byte) bool {
	trimmed := bytes.TrimLeft(data, " \t\r\n")
	return len(trimmed) > 0 && trimmed[0] == '['
}

// A batch collects the responses to the requests that came in one array, and sends
// them as one when the last is there (JSON-RPC 2.0, section 6).
type batch struct {
	conn *conn

	mu        sync.Mutex
	responses []byte // guarded by mu; the array so far, without its end
	open      int    // guarded by mu; requests that are not settled
}

// receiveBatch serves an array of messages, where the revision of the connection has
// them: 2025-03-26 alone.
func (c *conn) receiveBatch(data []byte) {
	elements, fault := c.splitBatch(data)
	if fault != nil {
		c.fault(nil, fault)
		return
	}
	b := &batch{conn: c, open: 1} // one for this loop
	for _, element := range elements {
		m, fault := decode(element)
		if fault != nil || (m.id != nil && !m.response) {
			b.expect()
		}
		m.size = len(data)
		c.take(m, fault, b)
	}
	b.settle()
}

// splitBatch returns the raw elements of an array, or why it is not served.
func (c *conn) splitBatch(data []byte) ([]jsontext.Value, *jsonrpc2.Error) {
	if excess := survey(data).excess(); excess != "" {
		return nil, invalidRequest("%s", excess)
	}
	r := readers.Get().(*reader)
	defer r.release()
	r.reset(data)
	elements, err := r.elements()
	if err != nil {
		_, fault := syntaxFault(err, outline{})
		return nil, fault
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.revision == nil || !c.revision.Batches {
		return nil, invalidRequest("batches exist only in revision %s, after its handshake", mcp.Revision20250326.Version)
	}
	if len(elements) == 0 {
		return nil, invalidRequest("an empty batch")
	}
	return elements, nil
}

// full reports whether the responses so far are as many bytes as a peer is sent
// before the next message is read: a few bytes of request can ask for a long list. On
// a nil batch it is false.
func (b *batch) full() bool {
	if b == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.responses) > softBytes
}

// expect announces one more response.
func (b *batch) expect() {
	b.mu.Lock()
	b.open++
	b.mu.Unlock()
}

// add takes the response to a request of the batch.
func (b *batch) add(response []byte) {
	b.mu.Lock()
	if b.responses == nil {
		b.responses = append(b.responses, '[')
	} else {
		b.responses = append(b.responses, ',')
	}
	b.responses = append(b.responses, response...)
	b.mu.Unlock()
	b.settle()
}

// settle notes that a message is done with, answered or not, and sends the responses
// when it was the last. A batch without responses is not answered. On a nil batch it
// does nothing.
func (b *batch) settle() {
	if b == nil {
		return
	}
	b.mu.Lock()
	b.open--
	last := b.open == 0 && b.responses != nil
	b.mu.Unlock()
	if last {
		b.conn.send(append(b.responses, ']'))
	}
}
