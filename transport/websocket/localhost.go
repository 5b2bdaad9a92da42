package websocket

import (
	"context"
	"net"
	"strings"
)

// dialLocalhost connects to a port of this machine by its addresses: the name localhost
// may be in no file, and a DNS that is down, or hostile, must not be asked for it
// (RFC 6761, section 6.3).
func dialLocalhost(ctx context.Context, d *net.Dialer, network, port string) (net.Conn, error) {
	conn, err := d.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	if err == nil || ctx.Err() != nil {
		return conn, err
	}
	conn, again := d.DialContext(ctx, network, net.JoinHostPort("::1", port))
	if again != nil {
		return nil, err
	}
	return conn, nil
}

// portOfLocalhost returns the port of an address whose host is this machine by name.
func portOfLocalhost(address string) (port string, ok bool) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", false
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return port, host == "localhost" || strings.HasSuffix(host, ".localhost")
}
