//go:build unix

package main

import (
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluice-dev/sluice/tools"
)

// endpoint is a config with one tool, x, that calls a server.
func endpoint(url, keys string) string { return tool("http: {url: '" + url + "', " + keys + "}") }

// told is a server that answers with what it was asked, as text.
func told(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "%s %s\n", r.Method, r.URL)
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s\n", body)
	for name, values := range r.Header {
		fmt.Fprintf(w, "%s: %s\n", name, strings.Join(values, ","))
	}
}

// answerOf calls the tool of a config and returns what a model reads.
func answerOf(t *testing.T, yaml, arguments string) string {
	t.Helper()
	result, err := use(t, yaml, arguments)
	if err != nil {
		return err.Error()
	}
	return result.Content[0].(tools.Text).Text
}

// answers fails the test where the answer does not hold want.
func answers(t *testing.T, yaml, arguments, want string) {
	t.Helper()
	if got := answerOf(t, yaml, arguments); !strings.Contains(got, want) {
		t.Errorf("%s: got %q, want %q", yaml, got, want)
	}
}

// asked fails the test where the tool with these keys does not ask for want.
func asked(keys, arguments, want string) func(*testing.T) {
	return func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(told))
		defer server.Close()
		answers(t, endpoint(server.URL+"/p", keys), arguments, want)
	}
}

func reachesWhatIsAllowed(t *testing.T) {
	inner := httptest.NewServer(http.HandlerFunc(told))
	defer inner.Close()
	outer := httptest.NewServer(http.RedirectHandler(inner.URL, http.StatusFound))
	defer outer.Close()
	answers(t, endpoint(outer.URL, ""), "{}", "which this tool may not reach")
	answers(t, endpoint(outer.URL, "allow: ['"+strings.TrimPrefix(inner.URL, "http://")+"']"), "{}", "GET /")
}

func redirectsAsOftenAsItMay(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/again", http.StatusFound)
	}))
	defer server.Close()
	answers(t, endpoint(server.URL, "redirects: 0"), "{}", "answered 302 Found")
	answers(t, endpoint(server.URL, "redirects: 1"), "{}", "redirects too often")
}

func retriesAsOftenAsItMay(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	for retries, want := range []int32{1, 2} {
		requests.Store(0)
		answers(t, endpoint(server.URL, fmt.Sprintf("retries: %d", retries)), "{}", "answered 503")
		if got := requests.Load(); got != want {
			t.Errorf("retries: %d: %d requests", retries, got)
		}
	}
}

func goesThroughTheProxy(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(told))
	defer proxy.Close()
	answers(t, endpoint("http://orders.example/p", "proxy: '"+proxy.URL+"'"), "{}", "GET http://orders.example/p\n")
}

func trustsTheAuthorities(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(told))
	defer server.Close()
	path := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	answers(t, endpoint(server.URL, "ca_file: '"+path+"'"), "{}", "GET /")
	answers(t, endpoint(server.URL, "ca_file: ../../testdata/ca.pem"), "{}", "of an authority that is not trusted here")
}

func readsTheSecretOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	server := httptest.NewServer(http.HandlerFunc(told))
	defer server.Close()
	yaml := endpoint(server.URL, "auth: [{token_file: '"+path+"'}]")
	answers(t, yaml, "{}", "a secret that it needs is not there")
	if err := os.WriteFile(path, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	answers(t, yaml, "{}", "Authorization: Bearer [secret]\n")
}

func TestAnswerOfAnEndpointIsCapped(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(told))
	defer server.Close()
	answers(t, tool("http: {url: '"+server.URL+"'}, limits: {output: 4B}"), "{}", "has more than 4 bytes")
}
