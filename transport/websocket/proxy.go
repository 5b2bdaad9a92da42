package websocket

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// The headers by which a proxy tells whose request it passes on.
const (
	xForwardedFor = "X-Forwarded-For"
	forwarded     = "Forwarded" // RFC 7239
)

// maxHops is how many proxies in a row are believed.
const maxHops = 32

// proxies are those whose word is taken for where a request comes from.
//
// Each proxy adds the address that it was connected from at the right end of a header,
// so what a client has put there itself stands to the left. Read from the right, the
// first address that is not a proxy of ours is the last that somebody trusted has seen.
// One header is believed and not the other: a proxy writes one of them, and passes the
// other on as the client sent it.
type proxies struct {
	header   string
	networks []netip.Prefix
	unix     bool // whoever connects to a UNIX socket
}

// newProxies parses a list of addresses, networks in CIDR notation, and "unix". The header
// is X-Forwarded-For where none is named.
func newProxies(list []string, header string) (proxies, error) {
	p := proxies{header: xForwardedFor}
	switch strings.ToLower(header) {
	case "", strings.ToLower(xForwardedFor):
	case strings.ToLower(forwarded):
		p.header = forwarded
	default:
		return proxies{}, fmt.Errorf("websocket: proxy header %q: it is X-Forwarded-For or Forwarded", header)
	}
	for _, text := range list {
		if text == "unix" {
			p.unix = true
			continue
		}
		network, err := parseNetwork(text)
		if err != nil {
			return proxies{}, fmt.Errorf("websocket: proxy %q: write an address such as 10.0.0.5, a network such as 10.0.0.0/8, or unix", text)
		}
		p.networks = append(p.networks, network)
	}
	return p, nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = addr.Unmap()
		return addr.WithZone("").Prefix(addr.BitLen())
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	if network.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%s is IPv4 written as IPv6", text)
	}
	return network.Masked(), nil
}

// trust reports whether an address is that of a proxy. The zero address stands for
// whatever is not of the internet.
func (p *proxies) trust(addr netip.Addr) bool {
	if !addr.IsValid() {
		return p.unix
	}
	addr = addr.WithZone("")
	for _, network := range p.networks {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

// A source is where a request comes from.
type source struct {
	addr netip.Addr // zero where it is not of the internet
	text string     // for people: with the port where that is known
}

// sourceOf returns where a request comes from, by the words of the proxies that it came
// through. Where one of these does not say, it comes from that proxy.
func (p *proxies) sourceOf(r *http.Request) source {
	from := source{remoteAddr(r), r.RemoteAddr}
	if !p.trust(from.addr) {
		return from
	}
	hops := p.hops(r.Header)
	for i := len(hops) - 1; i >= 0 && i >= len(hops)-maxHops && p.trust(from.addr); i-- {
		addr, ok := parseHop(hops[i])
		if !ok {
			break
		}
		from = source{addr, addr.String()}
	}
	return from
}

// remoteAddr is where the connection of a request comes from.
func remoteAddr(r *http.Request) netip.Addr {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return remote.Addr().Unmap()
}

// network is what connections are counted by: an IPv4 address, or the /64 of an IPv6
// address, which is the least that one subscriber is given. It is zero for what is not of
// the internet, which counts as one.
func (s source) network() netip.Prefix {
	if !s.addr.IsValid() {
		return netip.Prefix{}
	}
	bits := s.addr.BitLen()
	if s.addr.Is6() {
		bits = 64
	}
	network, _ := s.addr.Prefix(bits)
	return network
}

// hops are the addresses in the header, in their order.
func (p *proxies) hops(header http.Header) []string {
	list := strings.Split(strings.Join(header.Values(p.header), ","), ",")
	if p.header == forwarded {
		for i, element := range list {
			list[i] = forParameter(element)
		}
	}
	return list
}

// forParameter returns the value of for in an element of Forwarded: for=192.0.2.60;
// proto=http, or for="[2001:db8::1]:4711". A comma or semicolon within quotes, which no
// address has, cuts the element into what is no address.
func forParameter(element string) string {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(pair, "=")
		if strings.EqualFold(strings.TrimSpace(name), "for") {
			value = strings.TrimSpace(value)
			if inner, quoted := strings.CutPrefix(value, `"`); quoted {
				value, _ = strings.CutSuffix(inner, `"`)
			}
			return value
		}
	}
	return ""
}

// parseHop reads an address, with brackets and a port or without.
func parseHop(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap().WithZone(""), true
	}
	if inner, v6 := strings.CutPrefix(text, "["); v6 {
		text, v6 = strings.CutSuffix(inner, "]")
		if !v6 {
			return netip.Addr{}, false
		}
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, false
	}
	return addr.Unmap().WithZone(""), true
}
