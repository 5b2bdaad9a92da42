package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/tools"
)

// method is what every call is a request of.
const method = "tools/call"

// A tracer makes spans of calls.
type tracer struct {
	tracer trace.Tracer
	mask   func(string) string
}

var w3c = propagation.TraceContext{}

// Start implements [executor.Tracer].
func (t *tracer) Start(ctx context.Context, id string, req *executor.Request) (context.Context, executor.CallTracer) {
	carrier := propagation.MapCarrier{"traceparent": req.Trace.Parent, "tracestate": req.Trace.State}
	ctx, span := t.tracer.Start(w3c.Extract(ctx, carrier), method, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("mcp.method.name", method), attribute.String("sluice.call.id", id)))
	return ctx, &call{tracer: t, span: span, baggage: req.Trace.Baggage}
}

// A call is one that is followed.
type call struct {
	*tracer
	span    trace.Span
	baggage string
}

// Trace implements [executor.CallTracer].
func (c *call) Trace() tools.Trace { return handOn(c.span, c.baggage) }

// handOn is what stands for a span elsewhere.
func handOn(span trace.Span, baggage string) tools.Trace {
	carrier := propagation.MapCarrier{}
	w3c.Inject(trace.ContextWithSpan(context.Background(), span), carrier)
	return tools.Trace{Parent: carrier["traceparent"], State: carrier["tracestate"], Baggage: baggage}
}

// StartSpan implements [tools.Tracer]. Of a call that others share it is beneath the one
// that leads.
func (c *call) StartSpan(ctx context.Context, kind tools.SpanKind, name string) tools.ActiveSpan {
	title := name
	if kind == tools.SpanUpstream {
		title = method
	}
	_, span := c.tracer.tracer.Start(trace.ContextWithSpan(ctx, c.span), title, trace.WithSpanKind(trace.SpanKindClient))
	if kind == tools.SpanUpstream {
		span.SetAttributes(attribute.String("sluice.upstream", name))
	}
	return &leg{tracer: c.tracer, span: span, baggage: c.baggage}
}

// End implements [executor.CallTracer].
func (c *call) End(r *executor.Record, waits []executor.Wait) {
	for _, w := range waits {
		c.wait(w)
	}
	if !c.span.IsRecording() {
		c.span.End()
		return
	}
	if r.Kind != executor.KindUnknownTool { // a caller makes those up, and they would be names without end
		c.span.SetName(method + " " + r.Tool)
	}
	c.describe(r)
	c.span.End(trace.WithTimestamp(r.Finished))
}

// describe says what became of the call.
func (c *call) describe(r *executor.Record) {
	c.span.SetAttributes(
		attribute.String("gen_ai.operation.name", "execute_tool"), attribute.String("gen_ai.tool.name", r.Tool),
		attribute.String("sluice.outcome", string(r.Outcome)), attribute.String("sluice.priority", r.Priority),
		attribute.Int64("sluice.arguments.size", r.BytesIn), attribute.Int64("sluice.result.size", r.BytesOut),
	)
	switch r.Transport {
	case "stdio":
		c.span.SetAttributes(attribute.String("network.transport", "pipe"))
	case "websocket":
		c.span.SetAttributes(attribute.String("network.transport", "tcp"), attribute.String("network.protocol.name", "websocket"))
	}
	c.optional("sluice.caller", r.Caller)
	c.optional("sluice.cache", string(r.Cached))
	c.optional("sluice.sandbox", r.Sandbox)
	if r.Abandoned {
		c.span.SetAttributes(attribute.Bool("sluice.abandoned", true))
	}
	switch r.Outcome {
	case history.OutcomeToolError:
		c.fail(c.span, "tool_error", "")
	case history.OutcomeFailed:
		c.fail(c.span, string(r.Kind), r.Reason)
	}
}

func (c *call) optional(name, value string) {
	if value != "" {
		c.span.SetAttributes(attribute.String(name, c.mask(value)))
	}
}

// fail marks a span as that of a failure.
func (t *tracer) fail(span trace.Span, kind, reason string) {
	span.SetAttributes(attribute.String("error.type", kind))
	span.SetStatus(codes.Error, t.mask(reason))
}

// wait makes a span of a wait that is over, with a link to whom it was for.
func (c *call) wait(w executor.Wait) {
	options := []trace.SpanStartOption{trace.WithTimestamp(w.From), trace.WithAttributes(attribute.String("sluice.wait.reason", w.For))}
	if w.Trace.Parent != "" {
		other := w3c.Extract(context.Background(), propagation.MapCarrier{"traceparent": w.Trace.Parent})
		options = append(options, trace.WithLinks(trace.LinkFromContext(other)))
	}
	_, span := c.tracer.tracer.Start(trace.ContextWithSpan(context.Background(), c.span), "wait "+w.For, options...)
	span.End(trace.WithTimestamp(w.To))
}

// A leg is a span that a handler has begun.
type leg struct {
	*tracer
	span    trace.Span
	baggage string
}

// Trace implements [tools.ActiveSpan].
func (l *leg) Trace() tools.Trace { return handOn(l.span, l.baggage) }

// Set implements [tools.ActiveSpan].
func (l *leg) Set(name string, value any) {
	switch value := value.(type) {
	case string:
		l.span.SetAttributes(attribute.String(name, l.mask(value)))
		if name == "gen_ai.tool.name" {
			l.span.SetName(method + " " + value)
		}
	case int64:
		l.span.SetAttributes(attribute.Int64(name, value))
	}
}

// End implements [tools.ActiveSpan].
func (l *leg) End(failure string) {
	if failure != "" {
		l.fail(l.span, failure, "")
	}
	l.span.End()
}
