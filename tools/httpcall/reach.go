package httpcall

import "net/netip"

// A reach says who can be behind an address.
type reach int

const (
	public   reach = iota // the internet
	local                 // this machine, or a network of its owner
	reserved              // something special, or nothing
)

// locals are the addresses of this machine and of private networks: loopback
// (RFC 1122, RFC 4291), private use (RFC 1918), carrier-grade NAT, which container and
// overlay networks use too (RFC 6598), and unique local addresses (RFC 4193).
var locals = prefixes(
	"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
	"::1/128", "fc00::/7",
)

// specials are the other addresses that IANA's special-purpose registries do not give
// to the public internet (RFC 6890 and its updates), and those at which clouds answer
// any of their machines with its credentials. The predicates of package netip miss
// most of them.
var specials = prefixes(
	"0.0.0.0/8",          // this network; 0.0.0.0 reaches this machine
	"169.254.0.0/16",     // link-local, with the metadata of most clouds
	"100.100.100.200/32", // the metadata of Alibaba Cloud
	"168.63.129.16/32",   // the wire server of Azure
	"fd00:ec2::/32",      // the metadata and the like of AWS
	"fd20:ce::254/128",   // the metadata of Google Cloud
	"192.0.0.0/24",       // IETF protocol assignments; metadata of Oracle Cloud
	"192.0.2.0/24",       // documentation
	"192.88.99.0/24",     // 6to4 relays, deprecated
	"198.18.0.0/15",      // benchmarks
	"198.51.100.0/24",    // documentation
	"203.0.113.0/24",     // documentation
	"224.0.0.0/4",        // multicast
	"240.0.0.0/4",        // reserved, and broadcast
	"2001::/23",          // IETF protocol assignments, with Teredo and ORCHID
	"2001:db8::/32",      // documentation
	"2002::/16",          // 6to4, which carries an IPv4 address
	"3fff::/20",          // documentation
)

var (
	// nat64 carries an IPv4 address in its last four bytes (RFC 6052). On a network
	// that has only IPv6 all of the IPv4 internet is behind it.
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
	// global is all of IPv6 that has been given to the internet.
	global = netip.MustParsePrefix("2000::/3")
)

func prefixes(texts ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		parsed[i] = netip.MustParsePrefix(text)
	}
	return parsed
}

// reachOf says who can be behind an address. What is not known to be public is not.
func reachOf(addr netip.Addr) reach {
	addr = addr.Unmap().WithZone("")
	if nat64.Contains(addr) {
		bytes := addr.As16()
		if reachOf(netip.AddrFrom4([4]byte(bytes[12:]))) == public {
			return public
		}
		return reserved
	}
	switch {
	case !addr.IsValid() || within(specials, addr):
		return reserved
	case within(locals, addr):
		return local
	case addr.Is6() && !global.Contains(addr):
		return reserved
	}
	return public
}

func within(list []netip.Prefix, addr netip.Addr) bool {
	for _, prefix := range list {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}
