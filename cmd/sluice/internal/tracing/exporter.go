package tracing

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

const (
	// retryFirst is about how long the first wait for a collector is; each later one is
	// twice that. All attempts together have the timeout of an export.
	retryFirst = 500 * time.Millisecond
	// maxAnswer is how much of an answer is read.
	maxAnswer = 64 << 10
)

// An exporter posts spans to a collector (OTLP 1.x, "OTLP/HTTP"). A span that it cannot
// deliver in time is lost and counted.
type exporter struct {
	*target
	secret   func() (string, error) // nil where there is none
	header   string
	client   *http.Client
	log      *slog.Logger
	exported atomic.Uint64 // spans
	failed   atomic.Uint64
	down     atomic.Bool
}

func newExporter(o *Options) (*exporter, error) {
	t, err := o.target()
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
		MaxIdleConnsPerHost: 1,
		IdleConnTimeout:     30 * time.Second,
		ForceAttemptHTTP2:   true,
	}
	return &exporter{target: t, secret: o.Secret, header: o.Header, log: o.Logger, client: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// ExportSpans implements [sdk.SpanExporter]. It reports no error: nobody else has a use for
// one.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	body, err := e.encode(spans)
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, e.timeout)
		defer cancel()
		err = e.deliver(ctx, body)
	}
	n := uint64(len(spans))
	if err != nil {
		e.failed.Add(n)
		if !e.down.Swap(true) {
			e.log.Warn("spans cannot be sent to the collector; they are lost, and calls go on", "error", err)
		}
		return nil
	}
	e.exported.Add(n)
	if e.down.Swap(false) {
		e.log.Info("the collector takes spans again", "lost", e.failed.Load())
	}
	return nil
}

// Shutdown implements [sdk.SpanExporter].
func (e *exporter) Shutdown(context.Context) error {
	e.client.CloseIdleConnections()
	return nil
}

func (e *exporter) encode(spans []sdk.ReadOnlySpan) ([]byte, error) {
	plain, err := proto.Marshal(&collector.ExportTraceServiceRequest{ResourceSpans: resourceSpans(spans)})
	if err != nil || e.plain {
		return plain, err
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// deliver posts a body until the collector has it, refuses it, or ctx is done.
func (e *exporter) deliver(ctx context.Context, body []byte) error {
	for wait := retryFirst; ; wait *= 2 {
		after, err := e.post(ctx, body)
		if err == nil || after < 0 {
			return err
		}
		pause := max(after, wait/2+rand.N(wait))
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// post posts a body once. Where it fails, after is how long to wait before another attempt
// at least, and negative where none is of use.
func (e *exporter) post(ctx context.Context, body []byte) (after time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return -1, err
	}
	if err := e.head(request.Header); err != nil {
		return -1, err
	}
	response, err := e.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	switch response.StatusCode {
	case http.StatusOK, http.StatusAccepted, http.StatusNoContent:
		return 0, partial(answer)
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		return time.Duration(max(seconds, 0)) * time.Second, fmt.Errorf("the collector answers with %s", response.Status)
	}
	return -1, fmt.Errorf("the collector refuses spans with %s", response.Status)
}

func (e *exporter) head(h http.Header) error {
	h.Set("Content-Type", "application/x-protobuf")
	h.Set("User-Agent", "sluice")
	if !e.plain {
		h.Set("Content-Encoding", "gzip")
	}
	for name, value := range e.headers {
		h.Set(name, value)
	}
	if e.secret == nil {
		return nil
	}
	secret, err := e.secret()
	if err != nil {
		return err
	}
	if e.header == "" {
		h.Set("Authorization", "Bearer "+secret)
	} else {
		h.Set(e.header, secret)
	}
	return nil
}

// partial is the error of an answer that says that some spans were refused. They are not to
// be sent again.
func partial(answer []byte) error {
	var said collector.ExportTraceServiceResponse
	if proto.Unmarshal(answer, &said) != nil || said.GetPartialSuccess().GetRejectedSpans() == 0 {
		return nil
	}
	return errors.New("the collector has refused some spans")
}
