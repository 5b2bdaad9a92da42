package httpcall

import (
	"context"
	"net/http"
	"strconv"

	"github.com/sluice-dev/sluice/tools"
)

// span begins the span of one attempt, by the semantic conventions of OpenTelemetry for
// HTTP clients. The whole address is not in it: arguments are.
func (e *endpoint) span(ctx context.Context, p *prepared) tools.Span {
	span := p.call.StartSpan(ctx, tools.SpanHTTP, e.method)
	span.SetText("http.request.method", e.method)
	span.SetText("server.address", e.address.base.Hostname())
	span.SetInt("server.port", int(portOf(e.address.base)))
	span.SetText("url.scheme", e.address.base.Scheme)
	span.SetText("url.template", e.address.path)
	if p.sent > 0 {
		span.SetInt("http.request.resend_count", p.sent)
	}
	p.sent++
	return span
}

// endSpan ends the span of an attempt.
func endSpan(ctx context.Context, span tools.Span, a *answer, err error) {
	failure := ""
	switch {
	case a != nil:
		span.SetInt("http.response.status_code", a.status)
		if a.status >= http.StatusBadRequest {
			failure = strconv.Itoa(a.status)
		}
	case ctx.Err() != nil:
		failure = "cancelled"
	case err != nil:
		failure = "unanswered"
	}
	span.End(failure)
}

// setTrace hands on where the call stands in its trace (W3C Trace Context, section 3). What
// the config sets goes before it. To another origin it does not go: see redirect.
func setTrace(into http.Header, t tools.Trace) {
	if t.Parent == "" || into.Get("Traceparent") != "" {
		return
	}
	into.Set("Traceparent", t.Parent)
	if t.State != "" {
		into.Set("Tracestate", t.State)
	}
}
