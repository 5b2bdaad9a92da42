package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/identity"
	"github.com/sluice-dev/sluice/transport/websocket"
)

const routeToken = "canary-route-0123456789"

// testService is a service of the built-in tools, with one token.
func testService(t *testing.T) *service {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	cfg := config.Starter()
	h, err := newHost(cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newService(h, cfg, &keys{entries: []websocket.Token{{Name: "ops", Secret: routeToken}}}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.accept.Shutdown(t.Context()) })
	return s
}

// request sends a request to a handler and returns the status.
func request(handler http.Handler, method, path string, headers map[string]string) int {
	r := httptest.NewRequest(method, path, nil)
	r.Host, r.RemoteAddr = "localhost", "127.0.0.1:1234"
	for name, value := range headers {
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Code
}

// TestEveryRouteWithoutAToken walks every route of every listener as somebody who has no
// token, who has a wrong one, as a foreign page and under a rebound name. Only those that
// are named here are open.
func TestEveryRouteWithoutAToken(t *testing.T) {
	t.Parallel()
	s := testService(t)
	open := []string{"GET /healthz", "GET /readyz"}
	for _, local := range []bool{true, false} {
		mux := http.NewServeMux()
		mux.Handle("/", s.accept)
		s.mount(mux, local)
		for _, r := range append(s.routes(), route{"GET /mcp", needsAdmin, nil}, route{"POST /ticket", needsAdmin, nil}, route{"GET /", needsAdmin, nil}) {
			method, path, _ := strings.Cut(r.pattern, " ")
			if path == "" {
				t.Errorf("the route %s takes any method", r.pattern)
			}
			path = strings.NewReplacer("{id}", "1", "{$}", "", "{path...}", "x").Replace(path)
			isOpen := slices.Contains(open, r.pattern)
			if isOpen != (r.needs == needsNothing) {
				t.Errorf("%s is open: %v", r.pattern, !isOpen)
			}
			screened := r.needs == needsToken && local
			for name, headers := range map[string]map[string]string{
				"nothing":        nil,
				"a wrong token":  {"Authorization": "Bearer wrong"},
				"an empty token": {"Authorization": "Bearer "},
				"a foreign page": {"Origin": "https://evil.example", "Authorization": "Bearer " + routeToken},
				"a rebound name": {"Host": "evil.example", "Authorization": "Bearer " + routeToken},
			} {
				status := request(mux, method, path, headers)
				want := http.StatusUnauthorized
				if len(headers) == 2 {
					want = http.StatusForbidden
				}
				if !isOpen && status != want && !(screened && want == http.StatusUnauthorized && status == http.StatusOK) {
					t.Errorf("%s with %s, local: %v: %d, want %d", r.pattern, name, local, status, want)
				}
			}
		}
	}
}

// TestCrookedPaths checks that nobody is led to a route, or told that there is one, by a path
// that is not written as it is.
func TestCrookedPaths(t *testing.T) {
	t.Parallel()
	s := testService(t)
	own := http.NewServeMux()
	s.mount(own, true)
	clients := s.straight(s.withRoutes(true))
	for _, path := range []string{"//mcp", "/./mcp", "/x/../metrics", "//metrics", "/healthz/.", "/mcp/..", "//"} {
		for name, handler := range map[string]http.Handler{"clients": clients, "administration": s.straight(own)} {
			if got := request(handler, "GET", path, nil); got != http.StatusUnauthorized {
				t.Errorf("%s: GET %s without a token: %d", name, path, got)
			}
			if got := request(handler, "GET", path, map[string]string{"Host": "evil.example"}); got != http.StatusForbidden {
				t.Errorf("%s: GET %s under a rebound name: %d", name, path, got)
			}
		}
	}
	if got := request(clients, "GET", "//mcp", map[string]string{"Authorization": "Bearer " + routeToken}); got != http.StatusNotFound {
		t.Errorf("with a token: %d", got)
	}
	for path, want := range map[string]int{"/healthz": 200, "/mcp": 401, "/mcp/": 401, "/": 401} {
		if got := request(clients, "GET", path, nil); got != want {
			t.Errorf("GET %s: %d, want %d", path, got, want)
		}
	}
}

// TestScrapeByAddress checks that what scrapes a pod by its address, which nobody can name
// beforehand, gets its metrics with a token; a page cannot have an address for a name.
func TestScrapeByAddress(t *testing.T) {
	t.Parallel()
	s := testService(t)
	mux := http.NewServeMux()
	s.mount(mux, false)
	token := "Bearer " + routeToken
	for host, want := range map[string]int{
		"10.1.2.3:7778": 200, "[fd00::7]:7778": 200, "localhost": 200,
		"0.0.0.0:7778": 403, "[::]:7778": 403, "evil.example": 403, "10.1.2.3.evil.example": 403, "10.1.2.3:": 403,
	} {
		if got := request(mux, "GET", "/metrics", map[string]string{"Host": host, "Authorization": token}); got != want {
			t.Errorf("at %s: %d, want %d", host, got, want)
		}
		if got := request(s.accept, "GET", "/mcp", map[string]string{"Host": host, "Authorization": token}); got == 200 || host != "localhost" && got != 403 {
			t.Errorf("/mcp at %s: %d", host, got)
		}
	}
	if got := request(mux, "GET", "/metrics", map[string]string{"Host": "10.1.2.3:7778"}); got != http.StatusUnauthorized {
		t.Errorf("without a token: %d", got)
	}
}

// TestNeeds checks who gets through to a route, by what it needs.
func TestNeeds(t *testing.T) {
	t.Parallel()
	s := testService(t)
	s.sole.Store(true)
	next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	token := map[string]string{"Authorization": "Bearer " + routeToken}
	page := map[string]string{"Origin": "https://evil.example"}
	for _, test := range []struct {
		needs                 need
		local                 bool
		nothing, page, bearer int
	}{
		{needsNothing, true, 200, 200, 200},
		{needsNothing, false, 200, 200, 200},
		{needsToken, true, 200, 403, 200},
		{needsToken, false, 401, 403, 200},
		{needsAdmin, true, 401, 403, 200},
		{needsAdmin, false, 401, 403, 200},
	} {
		guarded := s.guard(route{"GET /x", test.needs, next}, test.local)
		for want, headers := range map[*int]map[string]string{&test.nothing: nil, &test.page: page, &test.bearer: token} {
			if got := request(guarded, "GET", "/x", headers); got != *want {
				t.Errorf("%d, local: %v, %v: %d, want %d", test.needs, test.local, headers, got, *want)
			}
		}
	}
}

// TestAdmins checks that nobody but those of whom the config says so administers, once it
// has tokens.
func TestAdmins(t *testing.T) {
	t.Parallel()
	s := testService(t)
	guarded := s.guard(route{"GET /x", needsAdmin, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}, true)
	token := map[string]string{"Authorization": "Bearer " + routeToken}
	if got := request(guarded, "GET", "/x", token); got != http.StatusForbidden {
		t.Errorf("a caller of whom nothing is said: %d", got)
	}
	s.host.callers.Store(identity.NewCallers(&config.Auth{Callers: []config.Caller{{Name: "ops", Permissions: config.Permissions{Admin: true}}}}))
	if got := request(guarded, "GET", "/x", token); got != http.StatusOK {
		t.Errorf("an admin: %d", got)
	}
}
