package websocket

import (
	"encoding/binary"
	"io"
	"slices"
)

// A header is that of a frame (RFC 6455, section 5.2).
type header [maxHeader]byte

const (
	maxHeader = 14
	maskSize  = 4
)

// wholeText is the first byte of the frame of a text message that has one frame only.
const wholeText = 0x81

// size returns how long the header is, as far as can be told from so many bytes of it.
func (h *header) size(have int) int {
	if have < 2 {
		return 2
	}
	size := 2
	switch h[1] &^ 0x80 {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if h.masked() {
		size += maskSize
	}
	return size
}

func (h *header) masked() bool { return h[1]&0x80 != 0 }

// payload returns how many bytes follow the header, which is there.
func (h *header) payload() uint64 {
	switch length := h[1] &^ 0x80; length {
	case 126:
		return uint64(binary.BigEndian.Uint16(h[2:]))
	case 127:
		return binary.BigEndian.Uint64(h[2:])
	default:
		return uint64(length)
	}
}

// Ready reports whether Read returns without waiting for the peer; it may be false although
// that is so. It must not be called while Read runs.
func (s *Stream) Ready() bool {
	if !s.ahead.TryLock() {
		return false
	}
	defer s.ahead.Unlock()
	_, _, ok := s.whole()
	return ok
}

// take reads a message that has come whole from what was read ahead: of a burst of small
// messages that is all but the first, for which the library takes several times as long. It
// returns false where there is none, or anything about it is for the library to judge.
func (s *Stream) take() bool {
	if !s.ahead.TryLock() {
		return false
	}
	defer s.ahead.Unlock()
	h, size, ok := s.whole()
	if !ok {
		return false
	}
	s.message = messages.Get().(*[]byte)
	length := int(h.payload())
	msg := slices.Grow((*s.message)[:0], length)[:length]
	*s.message = msg
	from := s.wire.buffer
	if _, err := from.Discard(size); err != nil {
		return false // cannot be: the bytes are there
	}
	if _, err := io.ReadFull(from, msg); err != nil {
		return false
	}
	unmask(msg, binary.LittleEndian.Uint32(h[size-maskSize:]))
	return true
}

// whole returns the header of the next message and its size, where that is text and has come
// whole, in one frame. The caller holds ahead.
func (s *Stream) whole() (h header, size int, ok bool) {
	w := s.wire
	if w.buffer == nil || s.fault.Load() != nil {
		return h, 0, false
	}
	n := w.buffer.Buffered()
	first, _ := w.buffer.Peek(min(n, maxHeader))
	have := copy(h[:], first)
	have += copy(h[have:], w.head)
	size = h.size(have)
	return h, size, have >= size && h[0] == wholeText && h.masked() &&
		h.payload() <= uint64(min(s.limits.maxMessage, n+len(w.head)-size))
}

// unmask takes the mask off a payload (RFC 6455, section 5.3).
func unmask(p []byte, key uint32) {
	for long := uint64(key)<<32 | uint64(key); len(p) >= 8; p = p[8:] {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^long)
	}
	for i := range p {
		p[i] ^= byte(key >> (8 * (i % 4)))
	}
}
