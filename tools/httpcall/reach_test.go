package httpcall

import (
	"net/netip"
	"testing"
)

func TestReach(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]reach{
		"8.8.8.8": public, "1.1.1.1": public, "100.63.255.255": public, "100.128.0.0": public,
		"172.15.255.255": public, "172.32.0.0": public, "192.0.1.0": public, "198.17.0.1": public, "223.255.255.255": public,
		"2606:4700::1111": public, "2a00:1450::1": public, "2001:200::1": public, "::ffff:8.8.8.8": public,
		"64:ff9b::8.8.8.8": public, // all of IPv4 on a network without it

		"127.0.0.1": local, "127.255.255.254": local, "10.0.0.1": local, "172.16.0.1": local, "172.31.255.255": local,
		"192.168.1.1": local, "100.64.0.1": local, "100.127.255.255": local, "::1": local, "fc00::1": local, "fd12::1": local,
		"::ffff:127.0.0.1": local, "::ffff:10.0.0.1": local,

		"0.0.0.0": reserved, "0.1.2.3": reserved, "169.254.169.254": reserved, "169.254.0.1": reserved,
		"100.100.100.200": reserved, "168.63.129.16": reserved, "fd00:ec2::254": reserved, "fd20:ce::254": reserved,
		"192.0.0.192": reserved, "192.0.2.1": reserved, "192.88.99.1": reserved, "198.18.0.1": reserved, "198.19.255.255": reserved,
		"198.51.100.1": reserved, "203.0.113.1": reserved, "224.0.0.1": reserved, "239.255.255.255": reserved,
		"240.0.0.1": reserved, "255.255.255.255": reserved,
		"::": reserved, "::127.0.0.1": reserved, "::8.8.8.8": reserved, "::ffff:169.254.169.254": reserved,
		"::ffff:0:127.0.0.1":  reserved, // SIIT
		"64:ff9b::127.0.0.1":  reserved,
		"64:ff9b::10.0.0.1":   reserved,
		"64:ff9b::a9fe:a9fe":  reserved,
		"64:ff9b:1::1":        reserved, // NAT64 of one's own
		"2002:7f00:1::":       reserved, // 6to4 of 127.0.0.1
		"2002:808:808::":      reserved,
		"2001:0:4136:e378::1": reserved, // Teredo
		"2001:10::1":          reserved,
		"2001:20::1":          reserved,
		"2001:2::1":           reserved,
		"2001:db8::1":         reserved,
		"3fff::1":             reserved,
		"100::1":              reserved, // discard only
		"5f00::1":             reserved, // segment routing
		"fe80::1":             reserved, "fe80::1%eth0": reserved, "fec0::1": reserved, "ff02::1": reserved, "4000::1": reserved,
	} {
		if got := reachOf(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: got %d, want %d", text, got, want)
		}
	}
	if reachOf(netip.Addr{}) != reserved {
		t.Error("no address is public")
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "a b", "http://a", "a/b", "a:0", "a:99999", "a:http", "10.0.0.1/8", "10.0.0.0/33", "*.a", "a@b", "::1:", "[::1",
	} {
		if got, err := parseTarget(text); err == nil {
			t.Errorf("%q: got %+v, want an error", text, got)
		}
	}
	for _, c := range []struct {
		target, host, address string
		want                  bool
	}{
		{"127.0.0.1:8080", "127.0.0.1", "127.0.0.1:8080", true},
		{"127.0.0.1:8080", "any", "127.0.0.1:8080", true},
		{"127.0.0.1:8080", "127.0.0.1", "127.0.0.1:8081", false},
		{"127.0.0.1:8080", "127.0.0.1", "127.0.0.2:8080", false},
		{"127.0.0.1", "x", "127.0.0.1:1", true},
		{"127.0.0.1", "x", "[::ffff:127.0.0.1]:1", true},
		{"[::1]:80", "x", "[::1]:80", true},
		{"[::1]:80", "x", "[::1]:81", false},
		{"::1", "x", "[::1]:81", true},
		{"10.0.0.0/8", "x", "10.255.0.1:9", true},
		{"10.0.0.0/8", "x", "172.16.0.1:9", false},
		{"10.0.0.0/8", "x", "[64:ff9b::10.0.0.1]:9", false},
		{"169.254.169.254", "x", "169.254.169.254:80", true},
		{"orders.internal:8080", "orders.internal", "10.0.0.9:8080", true},
		{"orders.internal:8080", "ORDERS.internal.", "10.0.0.9:8080", true},
		{"orders.internal:8080", "orders.internal", "10.0.0.9:80", false},
		{"orders.internal", "orders.internal", "127.0.0.1:80", true},
		{"orders.internal", "evil.orders.internal", "10.0.0.9:80", false},
		{"orders.internal", "orders.internal.evil", "10.0.0.9:80", false},
		{"orders.internal", "orders.internal", "169.254.169.254:80", false},
		{"orders.internal", "orders.internal", "0.0.0.0:80", false},
	} {
		parsed, err := parseTarget(c.target)
		if err != nil {
			t.Errorf("%s: %v", c.target, err)
			continue
		}
		g := &guard{targets: []target{parsed}}
		if err := g.check(c.host, c.address); (err == nil) != c.want {
			t.Errorf("%s, %s at %s: %v", c.target, c.host, c.address, err)
		}
	}
}
