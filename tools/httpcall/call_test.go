package httpcall

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/tools"
)

// serve starts a server on the loopback address.
func serve(t testing.TB, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// echo answers with what it was asked, as JSON.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(asked{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header, string(body)})
}

// asked is what echo tells.
type asked struct {
	Method, Path, Query string
	Header              http.Header
	Body                string
}

func newTestEndpoint(t testing.TB, spec Spec) *endpoint {
	t.Helper()
	if spec.Name == "" {
		spec.Name = "endpoint"
	}
	e, err := newEndpoint(&spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.transport.CloseIdleConnections)
	return e
}

func (e *endpoint) callWith(ctx context.Context, arguments string) (*tools.Result, error) {
	return e.Call(ctx, &tools.Call{Tool: e.tool, Arguments: []byte(arguments)})
}

// call makes an endpoint of spec and calls it.
func call(t testing.TB, spec Spec, arguments string) (*tools.Result, error) {
	t.Helper()
	return newTestEndpoint(t, spec).callWith(t.Context(), arguments)
}

// ask calls an echo and returns what it was asked.
func ask(t testing.TB, spec Spec, arguments string) asked {
	t.Helper()
	result, err := call(t, spec, arguments)
	if err != nil {
		t.Fatal(err)
	}
	if result.IsError {
		t.Fatal(textOfResult(result))
	}
	var got asked
	if err := json.Unmarshal(result.Structured, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func textOfResult(result *tools.Result) string {
	var texts []string
	for _, content := range result.Content {
		if text, ok := content.(tools.Text); ok {
			texts = append(texts, text.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// outcome is the text of a result or of the error that a model would read.
func outcome(result *tools.Result, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	return textOfResult(result)
}

// A network is one in memory, for virtual time, with one server.
type network struct {
	connections chan net.Conn
	done        chan struct{}
	dials       int
}

// connect has the endpoint speak to a server in memory, until the test ends.
func connect(t *testing.T, e *endpoint, handler http.HandlerFunc) *network {
	n := &network{connections: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(n) }()
	e.transport.DialContext = n.dial
	t.Cleanup(func() {
		e.transport.CloseIdleConnections()
		_ = server.Close()
	})
	return n
}

func (n *network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	n.dials++
	client, server := net.Pipe()
	select {
	case n.connections <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case conn := <-n.connections:
		return conn, nil
	case <-n.done:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error { close(n.done); return nil }

func (n *network) Addr() net.Addr { return &net.TCPAddr{} }

func definition(name string) tools.Definition { return tools.Definition{Name: name} }
