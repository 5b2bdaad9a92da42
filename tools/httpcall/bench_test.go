package httpcall

import (
	"io"
	"net/http"
	"testing"

	"github.com/sluice-dev/sluice/tools"
)

// BenchmarkPrepare is what a call costs before anything is sent.
func BenchmarkPrepare(b *testing.B) {
	e := newTestEndpoint(b, Spec{
		URL:    "https://a.example/orders/{id}?page={page}",
		Header: map[string]string{"X-Tenant": "{tenant}"},
	})
	call := &tools.Call{Arguments: []byte(`{"id": "a/7", "page": "2", "tenant": "x"}`)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.prepare(call, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCall is a whole call over the loopback interface, with the server's part of
// it.
func BenchmarkCall(b *testing.B) {
	server := serve(b, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id": "7", "status": "shipped"}`)
	})
	e := newTestEndpoint(b, Spec{URL: server.URL + "/{id}"})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.callWith(b.Context(), `{"id": "7"}`); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMask looks for a secret in 64 KiB that do not hold it.
func BenchmarkMask(b *testing.B) {
	m := newMask([]secret{{Credential{}, "a-secret-of-32-characters-or-more"}})
	body := make([]byte, 64<<10)
	for i := range body {
		body[i] = "some text, as servers write it. "[i%32]
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		m.text(string(body))
	}
}
