package tracing

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/sluice-dev/sluice/executor"
)

// provider returns a provider for a collector that answers with these statuses in turn, the
// last one for ever.
func provider(t *testing.T, log *bytes.Buffer, statuses ...int) (*Provider, *atomic.Int64) {
	t.Helper()
	var posts atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := int(posts.Add(1))
		w.WriteHeader(statuses[min(n, len(statuses))-1])
	}))
	t.Cleanup(server.Close)
	p, err := New(Options{Endpoint: server.URL, Logger: slog.New(slog.NewTextHandler(log, nil)), Mask: strings.ToLower})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close(t.Context()) })
	return p, &posts
}

func (p *Provider) trace() {
	_, call := p.Start(context.Background(), "id", &executor.Request{Tool: "x"})
	now := time.Now()
	call.End(&executor.Record{Tool: "x", Queued: now, Finished: now, Outcome: "ok"}, nil)
}

// TestDelivery checks what is sent again, what is given up, and what is said of it.
func TestDelivery(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name              string
		statuses          []int
		posts             int64
		exported, dropped uint64
		log               string
	}{
		{"taken", []int{200}, 1, 1, 0, ""},
		{"taken later", []int{503, 200}, 2, 1, 0, ""},
		{"refused", []int{400}, 1, 0, 1, "refuses spans with 400"},
		{"moved", []int{302}, 1, 0, 1, "refuses spans with 302"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			p, posts := provider(t, &log, test.statuses...)
			p.trace()
			p.Close(t.Context())
			exported, dropped := p.Numbers()
			if posts.Load() != test.posts || exported != test.exported || dropped != test.dropped {
				t.Errorf("%d posts, %d exported, %d dropped", posts.Load(), exported, dropped)
			}
			if (log.Len() > 0) != (test.log != "") || !strings.Contains(log.String(), test.log) {
				t.Errorf("the log says %s", log.String())
			}
		})
	}
}

// TestBacklog checks that calls never wait for a collector that hangs: what does not fit is
// dropped and counted.
func TestBacklog(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	p, err := New(Options{Endpoint: server.URL, Logger: slog.New(slog.DiscardHandler), Mask: strings.ToLower})
	if err != nil {
		t.Fatal(err)
	}
	const more = 100
	for range defaultQueue + more {
		p.trace()
	}
	if _, dropped := p.Numbers(); dropped != more {
		t.Errorf("%d dropped", dropped)
	}
	close(release)
	p.Close(t.Context())
	if exported, dropped := p.Numbers(); exported != defaultQueue || dropped != more {
		t.Errorf("%d exported, %d dropped", exported, dropped)
	}
}

// TestPartial checks that spans which the collector has refused are not taken for sent.
func TestPartial(t *testing.T) {
	t.Parallel()
	some, err := proto.Marshal(&collector.ExportTraceServiceResponse{PartialSuccess: &collector.ExportTracePartialSuccess{RejectedSpans: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if partial(some) == nil || partial(nil) != nil || partial([]byte("no protocol buffer")) != nil {
		t.Errorf("%v, %v", partial(some), partial(nil))
	}
}

// TestOptions checks which endpoints make sense, and that no error holds what may be secret.
func TestOptions(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]string{
		"http://127.0.0.1:4318":             "http://127.0.0.1:4318/v1/traces",
		"https://otel.example/":             "https://otel.example/v1/traces",
		"https://otel.example/custom/path":  "https://otel.example/custom/path",
		"localhost:4317":                    "",
		"https://user:hunter2@otel.example": "",
		"ftp://otel.example":                "",
	} {
		o := Options{Endpoint: endpoint}
		got, err := o.url()
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q, %v", endpoint, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error has the password in it: %v", err)
		}
	}
	headers, err := parseHeaders("a=1, b=%20x%3D,")
	if err != nil || headers["a"] != "1" || headers["b"] != " x=" || len(headers) != 2 {
		t.Errorf("got %v, %v", headers, err)
	}
	for _, bad := range []string{"hunter2", "=hunter2", "a=%zzhunter2"} {
		if _, err := parseHeaders(bad); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestSecretThatCannotBeRead checks that spans are not sent without it.
func TestSecretThatCannotBeRead(t *testing.T) {
	t.Parallel()
	gone := errors.New("it is gone")
	e := &exporter{target: &target{}, secret: func() (string, error) { return "", gone }}
	if err := e.head(http.Header{}); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkTracedCall(b *testing.B) {
	p, err := New(Options{Endpoint: "http://127.0.0.1:1", Logger: slog.New(slog.DiscardHandler), Mask: strings.ToLower})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		p.trace()
	}
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	p.Close(ctx)
}
