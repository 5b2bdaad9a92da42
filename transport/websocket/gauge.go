package websocket

import "encoding/binary"

// A gauge follows the frames of a peer (RFC 6455, section 5.2) as they are read, for
// one purpose: a frame that announces more than a message may have is refused by its
// header. The library reads on until the limit is passed, which a peer that sends a
// header and then nothing never does.
type gauge struct {
	max  uint64
	over func()
	head [14]byte // of the current frame
	have int      // bytes of head
	left uint64   // payload of the current frame that has not come
}

// see takes in what has been read. It calls over when a frame is too long.
func (g *gauge) see(p []byte) {
	for len(p) > 0 {
		if g.left > 0 {
			n := min(g.left, uint64(len(p)))
			g.left -= n
			p = p[n:]
			continue
		}
		n := copy(g.head[g.have:g.size()], p)
		g.have += n
		p = p[n:]
		if g.have == g.size() {
			g.begin()
		}
	}
}

// size returns how long the header is, as far as that can be told.
func (g *gauge) size() int {
	if g.have < 2 {
		return 2
	}
	size := 2
	switch g.head[1] &^ 0x80 {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if masked := g.head[1]&0x80 != 0; masked {
		size += 4
	}
	return size
}

// begin begins the frame whose header is there. A length with the first bit set
// breaks the protocol, which is for the library to say.
func (g *gauge) begin() {
	switch length := g.head[1] &^ 0x80; length {
	case 126:
		g.left = uint64(binary.BigEndian.Uint16(g.head[2:]))
	case 127:
		g.left = binary.BigEndian.Uint64(g.head[2:])
	default:
		g.left = uint64(length)
	}
	g.have = 0
	if g.left > g.max && g.left>>63 == 0 {
		g.over()
	}
}
