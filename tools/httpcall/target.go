package httpcall

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// A target is what a tool may connect to although it is not public: a host by its
// name, or a range of addresses.
type target struct {
	host   string       // in lower case; empty where prefix counts
	prefix netip.Prefix // of unmapped addresses
	port   uint16       // 0 for any
}

// parseTarget reads a host name, an address or a range of them in CIDR notation; the
// first two may have a port.
func parseTarget(text string) (target, error) {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		if prefix != prefix.Masked() {
			return target{}, fmt.Errorf("%q has bits beside its prefix: write %s", text, prefix.Masked())
		}
		return target{prefix: prefix}, nil
	}
	if addr, err := netip.ParseAddr(text); err == nil {
		return addressTarget(addr, 0), nil
	}
	host, port := text, uint16(0)
	if name, number, err := net.SplitHostPort(text); err == nil {
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil || n == 0 {
			return target{}, fmt.Errorf("%q: %q is no port", text, number)
		}
		host, port = name, uint16(n)
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return addressTarget(addr, port), nil
	}
	if !isHostName(host) {
		return target{}, fmt.Errorf("%q is neither a host, nor an address, nor a range of addresses, "+
			"such as orders.internal:8080, 127.0.0.1:8080 or 10.1.0.0/16", text)
	}
	return target{host: canonicalHost(host), port: port}, nil
}

func addressTarget(addr netip.Addr, port uint16) target {
	addr = addr.Unmap().WithZone("")
	return target{prefix: netip.PrefixFrom(addr, addr.BitLen()), port: port}
}

// isHostName is not strict: what it lets through that is no name never resolves.
func isHostName(host string) bool {
	return host != "" && !strings.ContainsFunc(host, func(c rune) bool {
		return c <= ' ' || strings.ContainsRune("/:@?#[]*%\\\x7f", c)
	})
}

// canonicalHost returns a host name in the form in which names are compared.
func canonicalHost(host string) string {
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// isLocalhost reports whether a name means this machine, whatever a name server says
// (RFC 6761, section 6.3).
func isLocalhost(host string) bool {
	host = canonicalHost(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// literalTarget returns the target that the URL of a tool names in so many words: an
// address of this machine or of a private network, or localhost. Any other name could
// come to mean something else, and a special address is too seldom meant.
func literalTarget(u *url.URL) (target, bool) {
	addr, err := netip.ParseAddr(u.Hostname())
	switch {
	case err == nil && reachOf(addr) == local:
		return addressTarget(addr, portOf(u)), true
	case err != nil && isLocalhost(u.Hostname()):
		return target{host: canonicalHost(u.Hostname()), port: portOf(u)}, true
	}
	return target{}, false
}

// portOf returns the port of a URL; 0 where it has one that is none.
func portOf(u *url.URL) uint16 {
	switch port := u.Port(); {
	case port != "":
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return 0
		}
		return uint16(n)
	case u.Scheme == "https":
		return 443
	}
	return 80
}
