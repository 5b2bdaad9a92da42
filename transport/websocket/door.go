package websocket

import (
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Caps bound how many connections there are. What is 0 has its default.
type Caps struct {
	// Connections bounds those of the whole server. Defaults to 10000.
	Connections int
	// PerAddress bounds those from one address (in IPv6, one /64), as the proxies in
	// Access tell it; the rest of a server's users have the rest. Defaults to 2000.
	PerAddress int
	// PerCaller bounds those of one caller. Defaults to those of the whole server.
	PerCaller int
}

// WithDefaults returns the caps with the default of what is 0.
func (c Caps) WithDefaults() Caps {
	connections := orDefault(c.Connections, 10_000)
	return Caps{
		Connections: connections,
		PerAddress:  orDefault(c.PerAddress, 2_000),
		PerCaller:   orDefault(c.PerCaller, connections),
	}
}

// A door counts who is inside.
type door struct {
	mu      sync.Mutex // guards all below
	caps    Caps
	inside  int
	entered uint64 // ever
	from    map[netip.Prefix]int
	of      map[string]int
	closed  bool
	leave   sync.WaitGroup
}

// setCaps changes what is let in from now on. Who is inside stays.
func (d *door) setCaps(c Caps) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.caps = c.WithDefaults()
}

// enter lets a connection in. Who is let in must leave, by exit.
func (d *door) enter(network netip.Prefix, caller string) *refusal {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return full("The server is shutting down.")
	case d.inside >= d.caps.Connections:
		return full("The server has as many connections as it may.")
	case d.from[network] >= d.caps.PerAddress:
		return full("The server has as many connections from this address as it may.")
	case d.of[caller] >= d.caps.PerCaller:
		return full("The server has as many connections of this caller as it may.")
	}
	d.inside++
	d.entered++
	d.from[network]++
	d.of[caller]++
	d.leave.Add(1)
	return nil
}

func (d *door) exit(network netip.Prefix, caller string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside--
	decrement(d.from, network)
	decrement(d.of, caller)
	d.leave.Done()
}

// decrement takes one from a count that is there, and forgets it at zero.
func decrement[K comparable](counts map[K]int, key K) {
	if counts[key]--; counts[key] == 0 {
		delete(counts, key)
	}
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
