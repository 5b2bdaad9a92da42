package websocket

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// An origin is where a page comes from (RFC 6454), in a form that compares. In an
// allowed one the port may be "*".
type origin struct {
	scheme, host, port string
}

// origins are the allowed ones. None are: a page has to be named to get in.
type origins map[origin]bool

// newOrigins parses what is allowed.
func newOrigins(list []string) (origins, error) {
	allowed := origins{}
	for _, text := range list {
		base, anyPort := strings.CutSuffix(text, ":*")
		o, ok := parseOrigin(base)
		if !ok || strings.Contains(o.host, "*") || anyPort && hasPort(base) {
			return nil, badOrigin(text)
		}
		if anyPort {
			o.port = "*"
		}
		allowed[o] = true
	}
	return allowed, nil
}

func badOrigin(text string) error {
	if text == "*" {
		return fmt.Errorf("websocket: origin %q would let every web page in; name those that may connect", text)
	}
	return fmt.Errorf("websocket: origin %q: write it like https://shop.example or http://localhost:* (any port)", text)
}

// check refuses a request from a page that is not allowed. A request without an
// Origin does not come from a page; it still needs a token.
func (o origins) check(r *http.Request) *refusal {
	values := r.Header.Values("Origin")
	if len(values) == 0 {
		return nil
	}
	if len(values) == 1 && o.allow(values[0]) {
		return nil
	}
	return &refusal{status: http.StatusForbidden, text: fmt.Sprintf(
		"Pages from %s may not connect. If they are meant to, add the origin to the server's origins.", quote(strings.Join(values, ", ")))}
}

func (o origins) allow(text string) bool {
	from, ok := parseOrigin(text)
	if !ok {
		return false
	}
	return o[from] || o[origin{from.scheme, from.host, "*"}]
}

// parseOrigin parses scheme://host and scheme://host:port and nothing else; "null",
// which sandboxed pages and files send, is not an origin.
func parseOrigin(text string) (origin, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" || strings.ContainsAny(text, "?#@") || u.Path != "" {
		return origin{}, false
	}
	host, port, ok := splitHost(u.Host)
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return origin{u.Scheme, host, port}, ok
}

// hasPort says whether an origin that parses names a port.
func hasPort(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Port() != ""
}
