package websocket

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

// begin begins the frame whose header is there. A length with the first bit set
// breaks the protocol, which is for the library to say.
func (g *gauge) begin() {
	g.left = g.head.payload()
	g.have = 0
	if g.left > g.max && g.left>>63 == 0 {
		g.over()
	}
}
