package websocket

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// hosts are the names under which clients may address the server. A page that has its
// own name resolved to this machine (DNS rebinding) is same-origin with what it
// reaches, but it cannot make the browser send another name than its own.
type hosts map[string]bool

// newHosts returns the loopback names and the names of the list.
func newHosts(list []string) (hosts, error) {
	h := hosts{"localhost": true, "127.0.0.1": true, "::1": true}
	for _, name := range list {
		host, port, ok := splitHost(name)
		if !ok || port != "" || strings.ContainsAny(name, "/*@ ") {
			return nil, fmt.Errorf("websocket: host %q: give a name or an address, with no scheme, port or wildcard", name)
		}
		h[host] = true
	}
	return h, nil
}

// check refuses a request for another host.
func (h hosts) check(r *http.Request) *refusal {
	if host, _, ok := splitHost(r.Host); ok && h[host] {
		return nil
	}
	return &refusal{status: http.StatusForbidden, text: fmt.Sprintf(
		"The host %s is not one that this server answers to. If it is meant to, add it to the server's hosts.", quote(r.Host))}
}

// byAddress reports whether a request names the server by an address. No page can have one
// for a name, so none can have been rebound to it; 0.0.0.0 and [::] are no address of anybody.
func byAddress(r *http.Request) bool {
	host, _, ok := splitHost(r.Host)
	addr, err := netip.ParseAddr(host)
	return ok && err == nil && !addr.IsUnspecified()
}

// splitHost cuts a Host header into a name or address in a form that compares, and a
// port, which may be empty.
func splitHost(s string) (host, port string, ok bool) {
	host = s
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		host, port = s[:i], s[i+1:]
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return "", "", false
		}
	}
	if inner, isV6 := strings.CutPrefix(host, "["); isV6 {
		inner, closed := strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		return addr.String(), port, closed && err == nil && addr.Is6()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host, port, host != ""
}
