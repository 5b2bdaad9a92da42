package websocket

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// ask sends a request through the handler, with the headers given as "Name: value".
func ask(h http.Handler, method, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	r.Host, r.RemoteAddr = "localhost:7777", "127.0.0.1:1234"
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const (
	asPlanner = "Authorization: Bearer " + plannerSecret
	asWriter  = "Authorization: Bearer " + writerSecret
)

func TestHost(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{Hosts: []string{"Tools.Example", "10.0.0.5", "[2001:db8::1]"}})
	for status, hosts := range map[int][]string{
		http.StatusOK: {
			"localhost", "localhost:7777", "LOCALHOST:80", "localhost.", "localhost.:7777",
			"127.0.0.1", "127.0.0.1:7777", "[::1]", "[::1]:7777", "[0:0:0:0:0:0:0:1]",
			"tools.example", "TOOLS.example.:443", "10.0.0.5:1", "[2001:DB8:0::1]:7777",
		},
		http.StatusForbidden: {
			"", "evil.example", "127.evil.com", "localhost.evil.com", "evil-localhost", "127.0.0.1.evil.com",
			"127.0.0.2", "0.0.0.0", "2130706433", "127.1", "[::]", "[::ffff:127.0.0.1]", "[::1%25lo]", "[127.0.0.1]", "[::1",
			"::1", "localhost:", "localhost:x", "localhost:7777:1", "localhost..", ".localhost", "localhost@evil.com",
			"sub.tools.example", "xtools.example", "tools.example.evil",
		},
	} {
		for _, host := range hosts {
			if got := ask(h, "POST", pathTicket, asPlanner, "Host: "+host).Code; got != status {
				t.Errorf("Host %q: %d, want %d", host, got, status)
			}
		}
	}
	refusal := ask(h, "GET", pathMCP, asPlanner, "Host: evil.example").Body.String()
	if !strings.Contains(refusal, `"evil.example"`) || !strings.Contains(refusal, "add it to the server's hosts") {
		t.Errorf("the refusal does not say what to do: %s", refusal)
	}
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{Origins: []string{"https://shop.example", "http://localhost:*", "http://10.0.0.5:8080", "chrome-extension://abc"}})
	for status, origins := range map[int][]string{
		http.StatusOK: {
			"https://shop.example", "https://shop.example:443", "https://SHOP.example", "http://localhost",
			"http://localhost:3000", "http://10.0.0.5:8080", "chrome-extension://abc",
		},
		http.StatusForbidden: {
			"", "null", "*", "https://", "https://shop.example:444", "http://shop.example", "https://evil.example",
			"https://shop.example.evil", "https://evil.shop.example", "https://xshop.example", "https://shop.example/",
			"https://shop.example@evil.example", "https://evil.example#https://shop.example", "https://shop.example?x",
			"https://localhost:3000", "http://localhost:*", "http://localhost.evil:3000", "http://127.0.0.1:7777",
			"http://localhost:7777:1", "http://10.0.0.5", "shop.example", "%zz", "https://shop.example, https://shop.example",
			"chrome-extension://abcd",
		},
	} {
		for _, origin := range origins {
			if got := ask(h, "POST", pathTicket, asPlanner, "Origin: "+origin).Code; got != status {
				t.Errorf("Origin %q: %d, want %d", origin, got, status)
			}
		}
	}
	if got := ask(h, "POST", pathTicket, asPlanner, "Origin: http://localhost", "Origin: http://localhost").Code; got != http.StatusForbidden {
		t.Errorf("two origins: %d", got)
	}
	refusal := ask(h, "GET", pathMCP, asPlanner, "Origin: https://evil.example").Body.String()
	if !strings.Contains(refusal, `"https://evil.example"`) || !strings.Contains(refusal, "add the origin to the server's origins") {
		t.Errorf("the refusal does not say what to do: %s", refusal)
	}
	if got := ask(newTestHandler(t, Options{}), "POST", pathTicket, asPlanner, "Origin: http://localhost:7777").Code; got != http.StatusForbidden {
		t.Errorf("with no origin configured a page gets in: %d", got)
	}
}

// Whatever the route and the method, the first thing that is said is who may not
// come in.
func TestEveryRouteIsGuarded(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{Origins: []string{"https://shop.example"}})
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"} {
		for _, path := range []string{"/mcp", "/ticket", "/", "/mcp/", "/ticket/", "//mcp", "/x/../mcp", "/MCP", "/healthz", "/debug/pprof/"} {
			for status, header := range map[int]string{
				http.StatusUnauthorized: "Accept: */*",
				http.StatusForbidden:    "Origin: https://evil.example",
			} {
				w := ask(h, method, path, header)
				if w.Code != status {
					t.Errorf("%s %s with %s: %d, want %d", method, path, header, w.Code, status)
				}
				if got := w.Header().Get("WWW-Authenticate"); (got == "Bearer") != (status == http.StatusUnauthorized) {
					t.Errorf("%s %s: WWW-Authenticate is %q", method, path, got)
				}
			}
		}
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{})
	for _, test := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/", http.StatusNotFound},
		{"GET", "/mcp/", http.StatusNotFound},
		{"GET", "/healthz", http.StatusNotFound},
		{"POST", "/mcp", http.StatusMethodNotAllowed},
		{"GET", "/ticket", http.StatusMethodNotAllowed},
		{"GET", "/mcp", http.StatusUpgradeRequired},
	} {
		if got := ask(h, test.method, test.path, asPlanner).Code; got != test.status {
			t.Errorf("%s %s: %d, want %d", test.method, test.path, got, test.status)
		}
	}
}

func TestOrderOfChecks(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{Caps: Caps{Connections: 1}})
	if refused := h.door.enter(h.sourceOf(httptest.NewRequest("GET", "/", nil)).network(), "planner"); refused != nil {
		t.Fatal(refused.text)
	}
	defer h.door.exit(h.sourceOf(httptest.NewRequest("GET", "/", nil)).network(), "planner")
	headers := []string{asPlanner}
	for _, test := range []struct {
		and, word string // each is found before those above it
	}{
		{"Accept: */*", "as many connections"},
		{"Sec-WebSocket-Protocol: other", "subprotocol"},
		{"Authorization: Bearer wrong", "Several credentials"},
		{"Origin: null", "Pages from"},
		{"Host: evil.example", "host"},
	} {
		headers = append(headers, test.and)
		if got := ask(h, "GET", pathMCP, headers...).Body.String(); !strings.Contains(got, test.word) {
			t.Errorf("with %q: %s", headers, got)
		}
	}
}

func TestNewHandlerRefusesNonsense(t *testing.T) {
	t.Parallel()
	good := Options{Serve: echo, Tokens: testTokens(t)}
	for _, test := range []struct {
		want  string
		spoil func(*Options)
	}{
		{"required", func(o *Options) { o.Serve = nil }},
		{"required", func(o *Options) { o.Tokens = nil }},
		{`"https://shop.example": give a name`, func(o *Options) { o.Hosts = []string{"https://shop.example"} }},
		{`"shop:80": give a name`, func(o *Options) { o.Hosts = []string{"shop:80"} }},
		{`"*.shop": give a name`, func(o *Options) { o.Hosts = []string{"*.shop"} }},
		{`"": give a name`, func(o *Options) { o.Hosts = []string{""} }},
		{"would let every web page in", func(o *Options) { o.Origins = []string{"*"} }},
		{`"shop.example": write it like`, func(o *Options) { o.Origins = []string{"shop.example"} }},
		{`"https://*.shop": write it like`, func(o *Options) { o.Origins = []string{"https://*.shop"} }},
		{`"https://shop/x": write it like`, func(o *Options) { o.Origins = []string{"https://shop/x"} }},
		{`"http://a:1:*": write it like`, func(o *Options) { o.Origins = []string{"http://a:1:*"} }},
		{`"null": write it like`, func(o *Options) { o.Origins = []string{"null"} }},
		{`"https://*": write it like`, func(o *Options) { o.Origins = []string{"https://*"} }},
		{`"": write it like`, func(o *Options) { o.Origins = []string{""} }},
		{`"lb.example": write an address`, func(o *Options) { o.Proxies = []string{"lb.example"} }},
		{`"10.0.0.0/33": write an address`, func(o *Options) { o.Proxies = []string{"10.0.0.0/33"} }},
		{`"::ffff:10.0.0.0/104": write an address`, func(o *Options) { o.Proxies = []string{"::ffff:10.0.0.0/104"} }},
		{`"10.0.0.1:80": write an address`, func(o *Options) { o.Proxies = []string{"10.0.0.1:80"} }},
		{`"X-Real-IP": it is`, func(o *Options) { o.ProxyHeader = "X-Real-IP" }},
	} {
		opts := good
		test.spoil(&opts)
		if _, err := NewHandler(opts); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want an error with %s", err, test.want)
		}
	}
}
