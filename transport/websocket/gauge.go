package websocket

import "encoding/binary"

// A gauge follows the frames of a peer (RFC 6455, section 5.2) as they are read, for
// one purpose: a frame that announces more than a message may have is refused by its
// header. The library reads on until the limit is passed, which a peer that sends a
// header and then nothing never does.
type gauge struct {
	max  uint64
	over func()
	head header // of the current frame
	have int    // bytes of head
	left uint64 // payload of the current frame that has not come
}

// A header is that of a frame (RFC 6455, section 5.2).
type header [maxHeader]byte

const maxHeader = 14

// wholeText is the first byte of the frame of a text message that has one frame only.
const wholeText = 0x81

// see takes in what has been read. It calls over when a frame is too long.
func (g *gauge) see(p []byte) {
	for len(p) > 0 {
		if g.left > 0 {
			n := min(g.left, uint64(len(p)))
			g.left -= n
			p = p[n:]
			continue
		}
		n := copy(g.head[g.have:g.head.size(g.have)], p)
		g.have += n
		p = p[n:]
		if g.have == g.head.size(g.have) {
			g.begin()
		}
	}
}

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
	if masked := h[1]&0x80 != 0; masked {
		size += 4
	}
	return size
}

// begin begins the frame whose header is there. A length with the first bit set
// breaks the protocol, which is for the library to say.
func (g *gauge) begin() {
	g.left = g.head.payload()
	g.have = 0
	if g.left > g.max && g.left>>63 == 0 {
		g.over()
	}
}

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
