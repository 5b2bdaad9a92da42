package httpcall

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluice-dev/sluice/tools"
)

// answering is a handler with one answer.
func answering(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil // or net/http would guess
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestResult(t *testing.T) {
	t.Parallel()
	object := tools.Definition{OutputSchema: []byte(`{"type": "object"}`)}
	long := strings.Repeat("é", maxExcerpt)
	for _, c := range []struct {
		name, contentType, body string
		status                  int
		spec                    Spec
		text, structured        string
		isError                 bool
	}{
		{"JSON", "application/json; charset=utf-8", ` {"a": 1.0, "b": ["x" ]} `, 200, Spec{}, `{"a":1.0,"b":["x"]}`, `{"a":1.0,"b":["x"]}`, false},
		{"a kind of JSON", "application/problem+json", `[1, 2]`, 201, Spec{}, `[1,2]`, `[1,2]`, false},
		{"JSON by another name", "text/plain", `{"a": 1}`, 200, Spec{Definition: object}, `{"a":1}`, `{"a":1}`, false},
		{"text that is JSON", "text/plain", `{"a": 1}`, 200, Spec{}, `{"a": 1}`, "", false},
		{"JSON that is none", "application/json", `{"a": `, 200, Spec{}, `{"a": `, "", false},
		{"JSON with a key twice", "application/json", `{"a": 1, "a": 2}`, 200, Spec{}, `{"a": 1, "a": 2}`, "", false},
		{"no JSON where it must be", "text/html", "<p>hi", 200, Spec{Definition: object}, "endpoint was to answer with one JSON value, but the answer is none. It is:\n\n<p>hi", "", true},
		{"nothing where JSON must be", "application/json", "", 200, Spec{Definition: object}, "endpoint was to answer with one JSON value, but the answer is none.", "", true},
		{"text", "text/plain", "hi\n", 200, Spec{}, "hi\n", "", false},
		{"no type", "", "hi", 200, Spec{}, "hi", "", false},
		{"invisible text", "text/plain", "a\x1b[31mb\u202ec\U000E0041d\x00\xff", 200, Spec{}, "abcd\uFFFD", "", false},
		{"nothing", "", "", 204, Spec{}, "The server answered 204 No Content, and nothing more.", "", false},
		{"not found", "application/json", `{"error": "no such order"}`, 404, Spec{}, "endpoint failed: the server HOST answered 404 Not Found. It is:\n\n{\"error\": \"no such order\"}", "", true},
		{"not found without JSON", "text/html", "<h1>gone", 404, Spec{Definition: object}, "endpoint failed: the server HOST answered 404 Not Found. It is:\n\n<h1>gone", "", true},
		{"error without a body", "", "", 500, Spec{}, "endpoint failed: the server HOST answered 500 Internal Server Error.", "", true},
		{"error of bytes", "application/octet-stream", "\x00\x01", 400, Spec{}, "endpoint failed: the server HOST answered 400 Bad Request.", "", true},
		{"unknown status", "", "", 599, Spec{}, "endpoint failed: the server HOST answered 599.", "", true},
		{"long error", "text/plain", long, 400, Spec{}, "endpoint failed: the server HOST answered 400 Bad Request. It begins:\n\n" + long[:maxExcerpt] + "[...]", "", true},
		{"as long as it may be", "text/plain", "12345", 200, Spec{Response: 5}, "12345", "", false},
		{"longer", "text/plain", "12345é", 200, Spec{Response: 6}, "The answer of endpoint has more than 6 bytes and was cut off. Ask for less at once. It is:\n\n12345", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, answering(c.status, c.contentType, c.body))
			c.spec.URL = server.URL
			result, err := call(t, c.spec, "{}")
			if err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(c.text, "HOST", strings.TrimPrefix(server.URL, "http://"))
			if got := textOfResult(result); got != want || result.IsError != c.isError || string(result.Structured) != c.structured {
				t.Errorf("got %q (error: %v), %s\nwant %q (error: %v), %s", got, result.IsError, result.Structured, want, c.isError, c.structured)
			}
			if got := fmt.Sprint(result.Meta); got != fmt.Sprintf("map[dev.sluice/http:map[status:%d]]", c.status) {
				t.Errorf("the _meta is %s", got)
			}
		})
	}
}

func TestBytes(t *testing.T) {
	t.Parallel()
	const data = "\x89PNG\x00\xff"
	for contentType, want := range map[string]tools.Content{
		"image/png":       tools.Image{Data: []byte(data), MIMEType: "image/png"},
		"audio/wav":       tools.Audio{Data: []byte(data), MIMEType: "audio/wav"},
		"application/zip": tools.EmbeddedResource{URI: "URL", Blob: []byte(data), MIMEType: "application/zip"},
		"":                tools.EmbeddedResource{URI: "URL", Blob: []byte(data), MIMEType: "application/octet-stream"},
	} {
		server := serve(t, answering(200, contentType, data))
		result, err := call(t, Spec{URL: server.URL + "/?key=x"}, "{}")
		if err != nil {
			t.Fatal(err)
		}
		got := strings.ReplaceAll(fmt.Sprint(result.Content[0]), server.URL, "URL")
		if len(result.Content) != 1 || got != fmt.Sprint(want) {
			t.Errorf("%q: got %v, want %v", contentType, got, want)
		}
	}
}

// TestEndlessBody holds that no more is read of a body than may be, whatever its
// length is said to be.
func TestEndlessBody(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"chunked": func(http.ResponseWriter, *http.Request) {},
		"long":    func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "9000000000000000000") },
		"an error": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				handler(w, r)
				for {
					if _, err := w.Write(make([]byte, 64<<10)); err != nil {
						return
					}
				}
			})
			result, err := call(t, Spec{URL: server.URL, Response: 1 << 20}, "{}")
			if err != nil || !result.IsError {
				t.Errorf("got %.200q", outcome(result, err))
			}
		})
	}
}

// TestLongError holds that of an error no more is read than an excerpt is made of.
func TestLongError(t *testing.T) {
	t.Parallel()
	server := serve(t, answering(http.StatusNotFound, "text/plain", strings.Repeat("x", 2*maxErrorBody)))
	e := newTestEndpoint(t, Spec{URL: server.URL})
	p, err := e.prepare(&tools.Call{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a, err := e.attempt(t.Context(), p); err != nil || len(a.body) != maxErrorBody {
		t.Errorf("got %d bytes, %v", len(a.body), err)
	}
}

// TestCompressionBomb holds that the limit is one on what comes out of compression: 256
// MiB of zeros are 250 KiB on the wire.
func TestCompressionBomb(t *testing.T) {
	const size, limit = 256 << 20, 1 << 20
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "text/plain")
		z := gzip.NewWriter(w)
		zeros := make([]byte, 1<<20)
		for range size / len(zeros) {
			if _, err := z.Write(zeros); err != nil {
				return
			}
		}
		_ = z.Close()
	})
	e := newTestEndpoint(t, Spec{URL: server.URL, Response: limit})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	result, err := e.callWith(t.Context(), "{}")
	runtime.ReadMemStats(&after)
	if err != nil || !result.IsError || !strings.Contains(textOfResult(result), "more than 1048576 bytes") {
		t.Errorf("got %.200q", outcome(result, err))
	}
	// The server's compressor is in there too, with a megabyte or two.
	if took := after.TotalAlloc - before.TotalAlloc; took > 16*limit {
		t.Errorf("it took %d bytes", took)
	}
}

func TestEncodingNotAskedFor(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"br", "gzip, gzip", "zstd"} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", encoding)
			_, _ = io.WriteString(w, "x")
		})
		result, err := call(t, Spec{URL: server.URL}, "{}")
		if got := outcome(result, err); !strings.Contains(got, "content encoding that it was not asked for") {
			t.Errorf("%s: got %q", encoding, got)
		}
	}
}

type reports []tools.Progress

func (r *reports) Report(p tools.Progress) { *r = append(*r, p) }
func (r *reports) Log(tools.Level, any)    {}

func (r *reports) ReportUsage(tools.Usage)                      {}
func reporting(ctx context.Context, r *reports) context.Context { return tools.WithReporter(ctx, r) }

func TestProgressOfDownload(t *testing.T) {
	t.Parallel()
	const size = 5*progressStep + 1
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(size))
		_, _ = io.WriteString(w, strings.Repeat("x", size))
	})
	var seen reports
	e := newTestEndpoint(t, Spec{URL: server.URL})
	if result, err := e.callWith(reporting(t.Context(), &seen), "{}"); err != nil || result.IsError {
		t.Fatal(outcome(result, err))
	}
	if len(seen) == 0 || len(seen) > 5 {
		t.Fatalf("%d reports", len(seen))
	}
	last := 0.0
	for _, p := range seen {
		if p.Done < last+progressStep || p.Total != size {
			t.Errorf("reported %+v after %v", p, last)
		}
		last = p.Done
	}
}

// TestConnectionReuse holds that calls share a connection, after errors too.
func TestConnectionReuse(t *testing.T) {
	t.Parallel()
	var addresses [2]atomic.Value
	var calls atomic.Int32
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := calls.Add(1) - 1
		addresses[n].Store(r.RemoteAddr)
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
	})
	e := newTestEndpoint(t, Spec{URL: server.URL})
	for range addresses {
		if result, err := e.callWith(t.Context(), "{}"); err != nil {
			t.Fatal(outcome(result, err))
		}
	}
	if addresses[0].Load() != addresses[1].Load() {
		t.Errorf("two connections: %v and %v", addresses[0].Load(), addresses[1].Load())
	}
}

func TestHEAD(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Content-Encoding", "br") })
	result, err := call(t, Spec{URL: server.URL, Method: "HEAD"}, "{}")
	if got := outcome(result, err); got != "The server answered 200 OK, and nothing more." {
		t.Errorf("got %q", got)
	}
}
