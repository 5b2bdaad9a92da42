package httpcall

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

const (
	// maxErrorBody is how many bytes are read of an answer that is no success.
	maxErrorBody = 64 << 10
	// progressStep is how many bytes are between two reports of progress: fewer show no
	// life, lest a server that sends a byte at a time could hold a call for ever.
	progressStep = 64 << 10
)

var errEncoding = errors.New("the content encoding is not one that was asked for")

// An answer is what a server said.
type answer struct {
	status     int
	header     http.Header
	body       []byte
	over       bool // there was more than may be read
	retryAfter time.Duration
}

// attempt sends a request once and reads the answer. The error is a fault.
func (e *endpoint) attempt(ctx context.Context, p *prepared) (*answer, error) {
	span := e.span(ctx, p)
	a, err := e.send(ctx, p, span.Trace())
	endSpan(ctx, span, a, err)
	return a, err
}

func (e *endpoint) send(ctx context.Context, p *prepared, trace tools.Trace) (*answer, error) {
	request, err := http.NewRequestWithContext(ctx, e.method, p.url, bytes.NewReader(p.body))
	if err != nil {
		return nil, &fault{reason: "has an address that cannot be sent", err: err}
	}
	request.Header = p.header.Clone()
	setTrace(request.Header, trace)
	response, err := e.client.Do(request)
	if err != nil {
		return nil, faultOf(err)
	}
	defer response.Body.Close()
	a := &answer{
		status:     response.StatusCode,
		header:     response.Header,
		retryAfter: retryAfter(response.Header, time.Now()),
	}
	if err := a.read(ctx, response, e.limit); err != nil {
		f := faultOf(err)
		f.passes = false // the server may have done its work
		return nil, f
	}
	return a, nil
}

// success reports whether the server did what it was asked.
func (a *answer) success() bool { return a.status/100 == 2 }

// read reads the body up to a limit, which is one on what comes out of compression.
// One that was read to its end leaves the connection to later calls.
func (a *answer) read(ctx context.Context, response *http.Response, limit int64) error {
	switch strings.ToLower(response.Header.Get("Content-Encoding")) {
	case "", "identity":
	default:
		if response.Request.Method != http.MethodHead {
			return errEncoding
		}
	}
	if !a.success() {
		limit = min(limit, maxErrorBody)
	}
	var body bytes.Buffer
	if size := response.ContentLength; size > 0 {
		body.Grow(int(min(size, limit)) + bytes.MinRead)
	}
	from := &download{body: io.LimitReader(response.Body, limit+1), ctx: ctx, total: response.ContentLength}
	if _, err := body.ReadFrom(from); err != nil {
		return err
	}
	a.body = body.Bytes()
	if a.over = int64(len(a.body)) > limit; a.over {
		a.body = a.body[:limit]
	}
	return nil
}

// A download reports how much of a body was read.
type download struct {
	body           io.Reader
	ctx            context.Context
	total          int64 // -1 where it is not known
	done, reported int64
}

// Read reads from the body.
func (d *download) Read(p []byte) (int, error) {
	n, err := d.body.Read(p)
	d.done += int64(n)
	if d.done-d.reported >= progressStep {
		d.reported = d.done
		tools.Report(d.ctx, tools.Progress{Done: float64(d.done), Total: float64(max(d.total, 0)), Message: "bytes received"})
	}
	return n, err
}
