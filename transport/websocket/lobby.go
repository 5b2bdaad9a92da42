package websocket

import (
	"net"
	"net/netip"
	"sync"
)

// A lobby counts the connections that have been accepted, of which nothing is known yet
// but where they come from. The caps of the door hold there too, with some room for those
// who are about to be let in, turned away with a reason, or want something else: without
// it, connections that say nothing would use up what the process may have open.
type lobby struct {
	door  *door
	trust func(netip.Addr) bool // whether an address stands for many clients

	mu    sync.Mutex // guards all below
	count int
	from  map[netip.Prefix]int
}

// room is how many connections there may be beyond a cap: a tenth, and some at least.
func room(most int) int { return most + max(most/10, 64) }

// enter reports whether a connection may stay. It must leave in the end then.
func (l *lobby) enter(from source) bool {
	l.door.mu.Lock()
	caps := l.door.caps
	l.door.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	network := from.network()
	many := !from.addr.IsValid() || l.trust(from.addr) // a UNIX socket, or a proxy
	if l.count >= room(caps.Connections) || !many && l.from[network] >= room(caps.PerAddress) {
		return false
	}
	l.count++
	l.from[network]++
	return true
}

func (l *lobby) exit(network netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count--
	decrement(l.from, network)
}

// Bound returns a listener that has the handler's caps hold for connections that have not
// said anything yet, with a tenth more room, and 64 at least, for those that are not
// upgraded. What is beyond is closed as soon as it is accepted. It is to be used for each
// listener that the handler is served on, beneath TLS.
func (h *Handler) Bound(l net.Listener) net.Listener { return boundListener{l, &h.lobby} }

type boundListener struct {
	net.Listener
	lobby *lobby
}

// Accept implements [net.Listener].
func (l boundListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := source{addr: addrOf(conn.RemoteAddr())}
		if l.lobby.enter(from) {
			return &boundConn{Conn: conn, lobby: l.lobby, network: from.network()}, nil
		}
		conn.Close() // nobody has been promised anything
	}
}

func addrOf(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// A boundConn is a connection that is counted until it is closed.
type boundConn struct {
	net.Conn
	lobby   *lobby
	network netip.Prefix
	left    sync.Once
}

// Close closes the connection.
func (c *boundConn) Close() error {
	err := c.Conn.Close()
	c.left.Do(func() { c.lobby.exit(c.network) })
	return err
}

// NetConn returns the connection that is counted.
func (c *boundConn) NetConn() net.Conn { return c.Conn }
