package websocket

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestSourceOf(t *testing.T) {
	t.Parallel()
	const proxied = "10.0.0.9:1234"
	for name, test := range map[string]struct {
		trusted []string
		header  string // that is believed
		remote  string
		sent    http.Header
		want    string
	}{
		"nobody is believed":         {nil, "", proxied, http.Header{"X-Forwarded-For": {"192.0.2.1"}}, proxied},
		"a stranger is not":          {[]string{"10.0.0.0/8"}, "", "192.0.2.9:1", http.Header{"X-Forwarded-For": {"192.0.2.1"}}, "192.0.2.9:1"},
		"a proxy is":                 {[]string{"10.0.0.0/8"}, "", proxied, http.Header{"X-Forwarded-For": {"192.0.2.1"}}, "192.0.2.1"},
		"one address":                {[]string{"10.0.0.9"}, "", proxied, http.Header{"X-Forwarded-For": {"192.0.2.1"}}, "192.0.2.1"},
		"another address":            {[]string{"10.0.0.8"}, "", proxied, http.Header{"X-Forwarded-For": {"192.0.2.1"}}, proxied},
		"what a client made up":      {[]string{"10.0.0.0/8"}, "", proxied, http.Header{"X-Forwarded-For": {"127.0.0.1, 192.0.2.1"}}, "192.0.2.1"},
		"made up in a line above":    {[]string{"10.0.0.0/8"}, "", proxied, http.Header{"X-Forwarded-For": {"127.0.0.1", "192.0.2.1"}}, "192.0.2.1"},
		"made up to look trusted":    {[]string{"10.0.0.0/8"}, "", proxied, http.Header{"X-Forwarded-For": {"192.0.2.66, 10.1.1.1, 192.0.2.1"}}, "192.0.2.1"},
		"two proxies":                {[]string{"10.0.0.0/8"}, "", proxied, http.Header{"X-Forwarded-For": {"192.0.2.1, 10.1.1.1"}}, "192.0.2.1"},
		"proxies all the way":        {[]string{"10.0.0.0/8"}, "", proxied, http.Header{"X-Forwarded-For": {"10.2.2.2, 10.1.1.1"}}, "10.2.2.2"},
		"no header":                  {[]string{"10.0.0.0/8"}, "", proxied, nil, proxied},
		"an empty header":            {[]string{"10.0.0.0/8"}, "", proxied, http.Header{"X-Forwarded-For": {""}}, proxied},
		"no address":                 {[]string{"10.0.0.0/8"}, "", proxied, http.Header{"X-Forwarded-For": {"unknown"}}, proxied},
		"no address further on":      {[]string{"10.0.0.0/8"}, "", proxied, http.Header{"X-Forwarded-For": {"192.0.2.1, what, 10.1.1.1"}}, "10.1.1.1"},
		"a port":                     {[]string{"10.0.0.0/8"}, "", proxied, http.Header{"X-Forwarded-For": {"192.0.2.1:99"}}, "192.0.2.1"},
		"IPv6":                       {[]string{"10.0.0.0/8"}, "", proxied, http.Header{"X-Forwarded-For": {"2001:db8::1"}}, "2001:db8::1"},
		"IPv6 in brackets":           {[]string{"10.0.0.0/8"}, "", proxied, http.Header{"X-Forwarded-For": {"[2001:db8::1]:5"}}, "2001:db8::1"},
		"IPv4 within IPv6":           {[]string{"10.0.0.0/8"}, "", "[::ffff:10.0.0.9]:1", http.Header{"X-Forwarded-For": {"::ffff:192.0.2.1"}}, "192.0.2.1"},
		"a zone":                     {[]string{"fe80::/10"}, "", "[fe80::1%eth0]:1", http.Header{"X-Forwarded-For": {"192.0.2.1"}}, "192.0.2.1"},
		"over a UNIX socket":         {[]string{"unix"}, "", "@", http.Header{"X-Forwarded-For": {"192.0.2.1"}}, "192.0.2.1"},
		"a UNIX socket not believed": {[]string{"10.0.0.0/8"}, "", "@", http.Header{"X-Forwarded-For": {"192.0.2.1"}}, "@"},
		"the other header":           {[]string{"10.0.0.0/8"}, "", proxied, http.Header{"Forwarded": {"for=127.0.0.1"}}, proxied},
		"the other header beside it": {[]string{"10.0.0.0/8"}, "", proxied, http.Header{"Forwarded": {"for=127.0.0.1"}, "X-Forwarded-For": {"192.0.2.1"}}, "192.0.2.1"},
		"Forwarded":                  {[]string{"10.0.0.0/8"}, "Forwarded", proxied, http.Header{"Forwarded": {`for=192.0.2.1;proto=https;by=10.0.0.9`}}, "192.0.2.1"},
		"Forwarded, quoted":          {[]string{"10.0.0.0/8"}, "forwarded", proxied, http.Header{"Forwarded": {`proto=https; For="[2001:db8::1]:4711"`}}, "2001:db8::1"},
		"Forwarded, made up":         {[]string{"10.0.0.0/8"}, "Forwarded", proxied, http.Header{"Forwarded": {`for=127.0.0.1`, `for=192.0.2.1, for=10.1.1.1`}, "X-Forwarded-For": {"127.0.0.1"}}, "192.0.2.1"},
		"Forwarded, hidden":          {[]string{"10.0.0.0/8"}, "Forwarded", proxied, http.Header{"Forwarded": {`for=_hidden, for=10.1.1.1`}}, "10.1.1.1"},
		"Forwarded, a comma quoted":  {[]string{"10.0.0.0/8"}, "Forwarded", proxied, http.Header{"Forwarded": {`for="127.0.0.1, for=192.0.2.66"`}}, proxied},
		"an endless row":             {[]string{"10.0.0.0/8"}, "", proxied, http.Header{"X-Forwarded-For": {"192.0.2.1" + strings.Repeat(",10.1.1.1", 1000)}}, "10.1.1.1"},
	} {
		p, err := newProxies(test.trusted, test.header)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = test.remote
		for key, values := range test.sent {
			r.Header[key] = values
		}
		if got := p.sourceOf(r).text; got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// Behind a proxy each client has its own cap, and what it makes up gives it no other.
func TestCapsBehindAProxy(t *testing.T) {
	t.Parallel()
	peers := make(chan Peer, 10)
	h := newTestHandler(t, Options{
		Proxies: []string{"127.0.0.0/8"}, Caps: Caps{PerAddress: 1},
		Serve: func(ctx context.Context, s *Stream, p Peer) { peers <- p; echo(ctx, s, p) },
	})
	url := startServer(t, h)
	from := func(forwarded string) int {
		_, resp := upgradeRaw(t, connect(t, url), authorized+"X-Forwarded-For: "+forwarded+"\r\n")
		return resp.StatusCode
	}
	for _, test := range []struct {
		forwarded string
		status    int
	}{
		{"192.0.2.1", 101}, {"192.0.2.1", 503}, {"203.0.113.5, 192.0.2.1", 503}, {"192.0.2.1, 192.0.2.2", 101},
	} {
		if got := from(test.forwarded); got != test.status {
			t.Errorf("from %s: %d, want %d", test.forwarded, got, test.status)
		}
	}
	served := []string{(<-peers).Address, (<-peers).Address} // in whichever order
	if slices.Sort(served); !slices.Equal(served, []string{"192.0.2.1", "192.0.2.2"}) {
		t.Errorf("the peers are at %s", served)
	}
	if _, err := h.SetAccess(Access{Tokens: testTokens(t)}); err != nil {
		t.Fatal(err)
	}
	for i, status := range []int{101, 503} { // the proxy counts for itself again
		if got := from("192.0.2.9"); got != status {
			t.Errorf("connection %d of a proxy that is no longer believed: %d, want %d", i, got, status)
		}
	}
}

// What any program of this machine may read is not for those whom a proxy on it lets in,
// from the moment that the proxy is named.
func TestScreenSeesThroughProxies(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{})
	screened := h.Screen(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	status := func(remote string, headers map[string]string) int {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.Host, r.RemoteAddr = "localhost", remote
		for name, value := range headers {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		screened.ServeHTTP(w, r)
		return w.Code
	}
	through := map[string]string{"X-Forwarded-For": "192.0.2.1"}
	for _, proxies := range [][]string{nil, {"127.0.0.1", "unix"}} {
		if _, err := h.SetAccess(Access{Tokens: testTokens(t), Proxies: proxies}); err != nil {
			t.Fatal(err)
		}
		want := http.StatusOK
		if proxies != nil {
			want = http.StatusUnauthorized
		}
		for _, remote := range []string{"127.0.0.1:5", "@"} {
			if got := status(remote, nil); got != http.StatusOK {
				t.Errorf("from %s: %d", remote, got)
			}
			if got := status(remote, through); got != want {
				t.Errorf("through %s with proxies %v: %d, want %d", remote, proxies, got, want)
			}
		}
		if got := status("192.0.2.1:5", nil); got != http.StatusUnauthorized {
			t.Errorf("from elsewhere: %d", got)
		}
	}
	through["Authorization"] = "Bearer " + plannerSecret
	if got := status("127.0.0.1:5", through); got != http.StatusOK {
		t.Errorf("with a token: %d", got)
	}
}
