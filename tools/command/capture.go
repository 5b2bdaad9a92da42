package command

import (
	"bytes"
	"strings"
)

// A head keeps the first bytes of a stream.
type head struct {
	limit int64            // bytes
	text  *strings.Builder // never copied: a Builder may not be
}

func newHead(limit int64) *head { return &head{limit: limit, text: new(strings.Builder)} }

// Write keeps what fits.
func (h *head) Write(p []byte) (int, error) {
	fits := min(h.limit-int64(h.text.Len()), int64(len(p)))
	h.reserve(int(fits))
	h.text.Write(p[:fits])
	return len(p), nil
}

// reserve makes place for n more bytes. The sizes are the limit, a third of it, a
// ninth and so on: all that is allocated on the way to a full head is one and a half
// times the limit, even if the collector never runs. (A Builder left to itself, or a
// buffer that is copied to a string at last, takes more than twice.)
func (h *head) reserve(n int) {
	need := int64(h.text.Len() + n)
	if need <= int64(h.text.Cap()) {
		return
	}
	size := h.limit
	for size/3 >= need {
		size /= 3
	}
	grown := new(strings.Builder)
	grown.Grow(int(size))
	grown.WriteString(h.text.String())
	h.text = grown
}

// String returns what was kept.
func (h *head) String() string { return h.text.String() }

// maxTail is how many bytes a tail shows.
const maxTail = 4 << 10

// A tail keeps the last bytes of a stream.
type tail struct {
	text []byte
	cut  bool // bytes were dropped
}

// Write keeps p, and drops what is old.
func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	if n > maxTail {
		p, t.cut = p[n-maxTail:], true
	}
	if len(t.text)+len(p) > 4*maxTail {
		keep := t.text[max(len(t.text)-maxTail, 0):]
		t.text, t.cut = t.text[:copy(t.text, keep)], true
	}
	t.text = append(t.text, p...)
	return n, nil
}

// String returns the last maxTail bytes, from the beginning of a line where there is
// one.
func (t *tail) String() string {
	text, cut := t.text, t.cut
	if over := len(text) - maxTail; over > 0 {
		text, cut = text[over:], true
	}
	if !cut {
		return string(text)
	}
	if _, whole, found := bytes.Cut(text, []byte("\n")); found && len(whole) > 0 {
		text = whole
	}
	return "[...]\n" + string(text)
}
