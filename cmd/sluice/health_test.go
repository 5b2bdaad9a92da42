package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// probeFrom asks a path of the service, at a local address and for a host.
func probeFrom(s *service, method, path, local, host string) (int, probe) {
	mux := http.NewServeMux()
	s.mount(mux, true)
	r := httptest.NewRequest(method, path, nil)
	r.Host = host
	address, err := net.ResolveTCPAddr("tcp", local)
	if err != nil {
		panic(err)
	}
	ctx := context.WithValue(r.Context(), http.LocalAddrContextKey, address)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r.WithContext(ctx))
	var v probe
	_ = json.Unmarshal(w.Body.Bytes(), &v)
	return w.Code, v
}

// TestProbesTell checks who is told what is wrong: this machine, and whoever reaches an
// address for administration; nobody who comes from elsewhere, nor a page that has made a
// name of its own stand for this machine.
func TestProbesTell(t *testing.T) {
	t.Parallel()
	s := testService(t)
	for _, test := range []struct {
		name, local, host string
		proxied, tells    bool
	}{
		{"this machine", "127.0.0.1:7777", "localhost:7777", false, true},
		{"a rebound name", "127.0.0.1:7777", "evil.example", false, false},
		{"elsewhere", "10.0.0.7:7777", "10.0.0.7:7777", false, false},
		{"a proxy on this machine", "127.0.0.1:7777", "localhost", true, false},
	} {
		s.proxied = test.proxied
		status, v := probeFrom(s, "GET", "/healthz", test.local, test.host)
		if status != http.StatusOK || v.Status != checkOK || (len(v.Checks) > 0) != test.tells {
			t.Errorf("%s: %d %+v", test.name, status, v)
		}
	}
	s.proxied = false
	mux := http.NewServeMux()
	s.mount(mux, false)
	for url, tells := range map[string]bool{
		"http://10.0.0.7:7778/healthz": true, "http://[fd00::7]:7778/healthz": true, "http://localhost:7778/healthz": true,
		"http://evil.example:7778/healthz": false, "http://0.0.0.0:7778/healthz": false,
	} {
		w := httptest.NewRecorder()
		forAdministration(mux).ServeHTTP(w, httptest.NewRequest("GET", url, nil))
		if w.Code != http.StatusOK || strings.Contains(w.Body.String(), `"name": "queue"`) != tells {
			t.Errorf("%s, on the address for administration: %d %s", url, w.Code, w.Body)
		}
	}
	if status, v := probeFrom(s, "HEAD", "/readyz", "127.0.0.1:1", "localhost"); status != http.StatusOK {
		t.Errorf("HEAD: %d %+v", status, v)
	}
	s.health.draining.Store(true)
	if status, v := probeFrom(s, "GET", "/readyz", "127.0.0.1:1", "localhost"); status != http.StatusServiceUnavailable || v.Status != "draining" {
		t.Errorf("while it drains: %d %+v", status, v)
	}
	if status, _ := probeFrom(s, "GET", "/healthz", "127.0.0.1:1", "localhost"); status != http.StatusOK {
		t.Errorf("while it drains it is not alive: %d", status)
	}
}
