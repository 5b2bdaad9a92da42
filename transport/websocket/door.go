package websocket

import (
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// A door counts who is inside.
type door struct {
	max, maxPerAddress int

	mu     sync.Mutex // guards all below
	inside int
	from   map[netip.Prefix]int
	closed bool
	leave  sync.WaitGroup
}

// enter lets a connection in. Who is let in must leave, by exit.
func (d *door) enter(address netip.Prefix) *refusal {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return full("The server is shutting down.")
	case d.inside >= d.max:
		return full("The server has as many connections as it may.")
	case d.from[address] >= d.maxPerAddress:
		return full("The server has as many connections from this address as it may.")
	}
	d.inside++
	d.from[address]++
	d.leave.Add(1)
	return nil
}

func (d *door) exit(address netip.Prefix) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside--
	if d.from[address]--; d.from[address] == 0 {
		delete(d.from, address)
	}
	d.leave.Done()
}

// close lets nobody else in.
func (d *door) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
}

// empty returns a channel that is closed when all have left, once the door is closed.
func (d *door) empty() <-chan struct{} {
	empty := make(chan struct{})
	go func() {
		d.leave.Wait()
		close(empty)
	}()
	return empty
}

func full(text string) *refusal {
	return &refusal{status: http.StatusServiceUnavailable, text: text, retry: 5 * time.Second}
}

// addressOf returns what connections are counted by: an IPv4 address, or the /64 of
// an IPv6 address, which is the least that one subscriber is given.
func addressOf(r *http.Request) netip.Prefix {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{} // not of the internet: they count as one
	}
	addr := remote.Addr().Unmap()
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	prefix, _ := addr.Prefix(bits)
	return prefix
}
