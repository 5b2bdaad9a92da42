package httpcall

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func allow(servers ...*httptest.Server) []string {
	var targets []string
	for _, server := range servers {
		targets = append(targets, strings.TrimPrefix(strings.TrimPrefix(server.URL, "https://"), "http://"))
	}
	return targets
}

// redirecting answers with a redirect.
func redirecting(status int, to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, status) }
}

// TestRedirectIntoTheLocalNetwork holds that a redirect reaches only what the tool may
// reach, in any notation.
func TestRedirectIntoTheLocalNetwork(t *testing.T) {
	t.Parallel()
	inner := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("reached %s as %s", r.URL, r.Host) })
	port := inner.URL[strings.LastIndex(inner.URL, ":"):]
	for _, to := range []string{
		inner.URL, "http://localhost" + port, "http://[::ffff:127.0.0.1]" + port, "http://0.0.0.0" + port,
		"http://[::]" + port, "http://foo.localhost" + port, "http://127.1.2.3" + port,
		"http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://100.100.100.200/",
		"http://[64:ff9b::7f00:1]" + port, "http://[fe80::1%25lo]" + port,
	} {
		outer := serve(t, redirecting(302, to))
		result, err := call(t, Spec{URL: outer.URL, Retries: -1}, "{}")
		if got := outcome(result, err); !strings.Contains(got, "is at a local or reserved address") {
			t.Errorf("%s: got %q", to, got)
		}
	}
	for _, to := range []string{"http://2130706433" + port, "http://0x7f000001" + port, "http://017700000001" + port, "http://127.1" + port} {
		outer := serve(t, redirecting(302, to))
		if result, err := call(t, Spec{URL: outer.URL, Retries: -1}, "{}"); err == nil {
			t.Errorf("%s: got %q", to, outcome(result, err))
		}
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	var hops atomic.Int32
	loop := serve(t, func(w http.ResponseWriter, r *http.Request) {
		hops.Add(1)
		http.Redirect(w, r, "/again", http.StatusFound)
	})
	target := serve(t, echo)
	for _, c := range []struct {
		name string
		to   string
		spec Spec
		want string
	}{
		{"switched off", target.URL, Spec{Redirects: -1}, "answered 302 Found."},
		{"file", "file:///etc/passwd", Spec{}, "neither http nor https"},
		{"allowed", target.URL, Spec{Allow: allow(target)}, `"Method":"GET"`},
		{"user", strings.Replace(target.URL, "://", "://u:p@", 1), Spec{Allow: allow(target)}, `"Method":"GET"`},
		{"POST turned into GET", target.URL, Spec{Allow: allow(target), Body: "{a}"}, `"Method":"GET"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.spec.URL = serve(t, redirecting(302, c.to)).URL
			result, err := call(t, c.spec, `{"a": "x"}`)
			if got := outcome(result, err); !strings.Contains(got, c.want) || strings.Contains(got, "Basic ") {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	for _, c := range []struct{ redirects, requests int }{{0, 4}, {1, 2}, {5, 6}} {
		hops.Store(0)
		result, err := call(t, Spec{URL: loop.URL, Redirects: c.redirects}, "{}")
		if got := outcome(result, err); !strings.Contains(got, "redirects too often") || int(hops.Load()) != c.requests {
			t.Errorf("%d redirects: %d requests, %q", c.redirects, hops.Load(), got)
		}
	}
}

// TestRedirectWithABody holds that a body goes to no other origin.
func TestRedirectWithABody(t *testing.T) {
	t.Parallel()
	target := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Error("reached") })
	for _, status := range []int{307, 308} {
		outer := serve(t, redirecting(status, target.URL))
		result, err := call(t, Spec{URL: outer.URL, Body: "{a}", Allow: allow(target)}, `{"a": "x"}`)
		if got := outcome(result, err); !strings.Contains(got, "redirects to another origin") {
			t.Errorf("%d: got %q", status, got)
		}
	}
	same := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/b", http.StatusTemporaryRedirect)
			return
		}
		_, _ = io.Copy(w, r.Body)
	})
	result, err := call(t, Spec{URL: same.URL, Body: "{a}"}, `{"a": "x"}`)
	if got := outcome(result, err); got != "x" {
		t.Errorf("got %q", got)
	}
}

// TestRedirectedCredentials holds that secrets and headers stay at their origin, even
// where another one sends the request back.
func TestRedirectedCredentials(t *testing.T) {
	t.Parallel()
	var home, away *httptest.Server
	var seen []http.Header // of requests after the first
	home = serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, away.URL, http.StatusFound)
		case "/near":
			http.Redirect(w, r, "/end", http.StatusFound)
		default:
			seen = append(seen, r.Header)
		}
	})
	away = serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header)
		http.Redirect(w, r, home.URL+"/end", http.StatusFound)
	})
	spec := Spec{
		Allow:  allow(away),
		Header: map[string]string{"X-Tenant": "{a}"},
		Credentials: []Credential{
			{Secret: func() (string, error) { return "canary-1", nil }},
			{Header: "X-Key", Secret: func() (string, error) { return "canary-2", nil }},
			{Cookie: "session", Secret: func() (string, error) { return "canary-3", nil }},
			{Query: "key", Secret: func() (string, error) { return "canary-4", nil }},
		},
	}
	spec.URL = home.URL + "/near"
	if result, err := call(t, spec, `{"a": "x"}`); err != nil {
		t.Fatal(outcome(result, err))
	}
	if len(seen) != 1 || seen[0].Get("Referer") != "" || seen[0].Get("Authorization") != "Bearer canary-1" || seen[0].Get("X-Tenant") != "x" || seen[0].Get("Cookie") != "session=canary-3" {
		t.Errorf("within the origin: %v", seen)
	}
	seen = nil
	spec.URL = home.URL + "/away"
	if result, err := call(t, spec, `{"a": "x"}`); err != nil {
		t.Fatal(outcome(result, err))
	}
	if len(seen) != 2 {
		t.Fatalf("%d requests", len(seen))
	}
	for _, header := range seen {
		for _, name := range []string{"Authorization", "X-Key", "Cookie", "X-Tenant", "Referer"} {
			if header.Get(name) != "" {
				t.Errorf("%s went along: %q", name, header.Get(name))
			}
		}
		if header.Get("User-Agent") != "sluice" {
			t.Errorf("the agent is %q", header.Get("User-Agent"))
		}
	}
}

func TestDowngrade(t *testing.T) {
	t.Parallel()
	plain := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("reached") })
	server := httptest.NewTLSServer(redirecting(302, plain.URL))
	defer server.Close()
	result, err := call(t, Spec{URL: server.URL, RootCAs: trusting(server), Allow: allow(plain)}, "{}")
	if got := outcome(result, err); !strings.Contains(got, "redirects from https to http") {
		t.Errorf("got %q", got)
	}
}
