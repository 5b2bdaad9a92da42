package httpcall

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// connectTimeout bounds each of connecting and the TLS handshake.
const connectTimeout = 10 * time.Second

// errBlocked is the error of a connection to an address that the tool may not reach.
var errBlocked = errors.New("the address is not public, and not one that the tool may reach")

// A guard lets connections through to the public internet and to its targets. It
// looks at the address itself, after the name was resolved and just before the
// connection is made, on every connection: a name that means one thing when it is
// looked at and another when it is used (DNS rebinding) gains nothing, nor does one
// that only looks like a name (2130706433, 0x7f.1).
type guard struct {
	targets  []target
	resolver *net.Resolver // nil for that of the system
}

// dial connects as [net.Dialer.DialContext] does.
func (g *guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{
		Timeout:  connectTimeout,
		Resolver: g.resolver,
		ControlContext: func(_ context.Context, _, resolved string, _ syscall.RawConn) error {
			return g.check(host, resolved)
		},
	}
	if !isLocalhost(host) {
		return dialer.DialContext(ctx, network, address)
	}
	conn, err := dialer.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	if err == nil || errors.Is(err, errBlocked) {
		return conn, err
	}
	if conn, again := dialer.DialContext(ctx, network, net.JoinHostPort("::1", port)); again == nil {
		return conn, nil
	}
	return nil, err
}

// check returns an error unless the resolved address, with its port, may be connected
// to under the name of host.
func (g *guard) check(host, resolved string) error {
	to, err := netip.ParseAddrPort(resolved)
	if err != nil {
		return fmt.Errorf("%w: %w", errBlocked, err)
	}
	if to.Addr().Zone() == "" && reachOf(to.Addr()) == public || g.names(host, to) {
		return nil
	}
	return fmt.Errorf("%w: %s is %s", errBlocked, host, to)
}

// names reports whether the address is one of the targets. A name stands only for
// local addresses: whoever answers for it cannot make it mean the metadata of a cloud.
func (g *guard) names(host string, to netip.AddrPort) bool {
	addr := to.Addr().Unmap().WithZone("")
	for _, t := range g.targets {
		switch {
		case t.port != 0 && t.port != to.Port():
		case t.host == "" && t.prefix.Contains(addr):
			return true
		case t.host != "" && t.host == canonicalHost(host) && reachOf(addr) == local:
			return true
		}
	}
	return false
}

// checkURL looks at a URL whose host a proxy resolves: no more can be said of it than
// it says itself.
func (g *guard) checkURL(u *url.URL) error {
	host := u.Hostname()
	addr, err := netip.ParseAddr(host)
	switch {
	case err == nil:
	case isLocalhost(host):
		addr = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	default:
		return nil
	}
	return g.check(host, netip.AddrPortFrom(addr, portOf(u)).String())
}
