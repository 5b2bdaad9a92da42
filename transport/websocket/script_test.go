package websocket

import (
	"net/http"
	"strings"
	"testing"
)

func TestScript(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{Origins: []string{"https://shop.example"}})
	for _, test := range []struct {
		method, target string
		headers        []string
		status         int
		allowed        string // Access-Control-Allow-Origin
	}{
		{"GET", "/sluice.js", nil, http.StatusOK, ""},
		{"HEAD", "/sluice.js", nil, http.StatusOK, ""},
		{"GET", "/sluice.js", []string{"Origin: https://shop.example"}, http.StatusOK, "https://shop.example"},
		{"GET", "/sluice.js", []string{asPlanner}, http.StatusOK, ""},
		{"GET", "/sluice.js", []string{"If-None-Match: " + scriptTag}, http.StatusNotModified, ""},
		{"GET", "/sluice.js", []string{`If-None-Match: "old"`}, http.StatusOK, ""},
		{"GET", "/sluice.js", []string{"Origin: https://evil.example"}, http.StatusForbidden, ""},
		{"GET", "/sluice.js", []string{"Origin: https://evil.example", "If-None-Match: " + scriptTag}, http.StatusForbidden, ""},
		{"GET", "/sluice.js", []string{"Origin: null", asPlanner}, http.StatusForbidden, ""},
		{"GET", "/sluice.js", []string{"Host: evil.example"}, http.StatusForbidden, ""},
		{"GET", "/sluice.js?token=" + plannerSecret, nil, http.StatusUnauthorized, ""},
		{"POST", "/sluice.js", nil, http.StatusUnauthorized, ""},
		{"OPTIONS", "/sluice.js", []string{"Origin: https://shop.example", "Access-Control-Request-Method: GET"}, http.StatusUnauthorized, ""},
		{"POST", "/sluice.js", []string{asPlanner}, http.StatusMethodNotAllowed, ""},
		{"GET", "/sluice.js/", nil, http.StatusUnauthorized, ""},
		{"GET", "//sluice.js", nil, http.StatusUnauthorized, ""},
		{"GET", "/Sluice.js", nil, http.StatusUnauthorized, ""},
		{"GET", "/sluice.d.ts", nil, http.StatusUnauthorized, ""},
	} {
		w := ask(h, test.method, test.target, test.headers...)
		if got := w.Header().Get("Access-Control-Allow-Origin"); w.Code != test.status || got != test.allowed {
			t.Errorf("%s %s with %q: %d for %q, want %d for %q",
				test.method, test.target, test.headers, w.Code, got, test.status, test.allowed)
		}
		if got := strings.Contains(w.Body.String(), "export "); got != (w.Code == http.StatusOK && test.method == "GET") {
			t.Errorf("%s %s with %q: the body holds the client: %t", test.method, test.target, test.headers, got)
		}
	}
}

func TestScriptHeader(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{})
	for _, method := range []string{"GET", "HEAD"} {
		got := ask(h, method, "/sluice.js").Header()
		for name, want := range map[string]string{
			"Content-Type":                 "text/javascript; charset=utf-8",
			"X-Content-Type-Options":       "nosniff",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Cache-Control":                "no-cache",
			"Vary":                         "Origin", // a copy for one page is none for another
			"ETag":                         scriptTag,
		} {
			if got.Get(name) != want {
				t.Errorf("%s: %s is %q, want %q", method, name, got.Get(name), want)
			}
		}
	}
}

// What is said of the script, that it needs no token, holds as long as it has no secret
// and takes nothing from elsewhere.
func TestScriptStandsAlone(t *testing.T) {
	t.Parallel()
	for line := range strings.Lines(string(script)) {
		if strings.HasPrefix(line, "import ") || strings.Contains(line, "eval(") || strings.Contains(line, "innerHTML") {
			t.Errorf("in the client: %s", line)
		}
	}
	if lines := strings.Count(string(script), "\n"); lines >= 500 {
		t.Errorf("the client has %d lines", lines)
	}
}
