package tracing

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resource "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	traces "go.opentelemetry.io/proto/slim/otlp/trace/v1"
)

// resourceSpans encodes spans of one provider and one tracer.
func resourceSpans(spans []sdk.ReadOnlySpan) []*traces.ResourceSpans {
	if len(spans) == 0 {
		return nil
	}
	scope := &traces.ScopeSpans{Scope: &common.InstrumentationScope{
		Name: spans[0].InstrumentationScope().Name, Version: spans[0].InstrumentationScope().Version,
	}}
	for _, s := range spans {
		scope.Spans = append(scope.Spans, encodeSpan(s))
	}
	from := spans[0].Resource()
	return []*traces.ResourceSpans{{
		Resource:   &resource.Resource{Attributes: encodeAttributes(from.Attributes())},
		ScopeSpans: []*traces.ScopeSpans{scope}, SchemaUrl: from.SchemaURL(),
	}}
}

func encodeSpan(s sdk.ReadOnlySpan) *traces.Span {
	trace, id := s.SpanContext().TraceID(), s.SpanContext().SpanID()
	span := &traces.Span{
		TraceId: trace[:], SpanId: id[:], TraceState: s.SpanContext().TraceState().String(),
		Name: s.Name(), Kind: kinds[s.SpanKind()],
		StartTimeUnixNano: uint64(s.StartTime().UnixNano()), EndTimeUnixNano: uint64(s.EndTime().UnixNano()),
		Attributes: encodeAttributes(s.Attributes()), DroppedAttributesCount: uint32(s.DroppedAttributes()),
		Flags: flags(s.SpanContext(), s.Parent()),
	}
	if parent := s.Parent(); parent.SpanID().IsValid() {
		id := parent.SpanID()
		span.ParentSpanId = id[:]
	}
	for _, link := range s.Links() {
		trace, id := link.SpanContext.TraceID(), link.SpanContext.SpanID()
		span.Links = append(span.Links, &traces.Span_Link{TraceId: trace[:], SpanId: id[:]})
	}
	if s.Status().Code == codes.Error {
		span.Status = &traces.Status{Code: traces.Status_STATUS_CODE_ERROR, Message: s.Status().Description}
	}
	return span
}

var kinds = map[trace.SpanKind]traces.Span_SpanKind{
	trace.SpanKindInternal: traces.Span_SPAN_KIND_INTERNAL,
	trace.SpanKindServer:   traces.Span_SPAN_KIND_SERVER,
	trace.SpanKindClient:   traces.Span_SPAN_KIND_CLIENT,
}

// flags are the trace flags, and whether the parent is in another process.
func flags(own, parent trace.SpanContext) uint32 {
	f := uint32(own.TraceFlags()) | uint32(traces.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK)
	if parent.IsRemote() {
		f |= uint32(traces.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
	}
	return f
}

func encodeAttributes(list []attribute.KeyValue) []*common.KeyValue {
	encoded := make([]*common.KeyValue, len(list))
	for i, a := range list {
		encoded[i] = &common.KeyValue{Key: string(a.Key), Value: encodeValue(a.Value)}
	}
	return encoded
}

// encodeValue encodes the kinds of values that are used; any other goes as text.
func encodeValue(v attribute.Value) *common.AnyValue {
	switch v.Type() {
	case attribute.BOOL:
		return &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: v.AsBool()}}
	case attribute.INT64:
		return &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: v.AsInt64()}}
	case attribute.FLOAT64:
		return &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: v.AsFloat64()}}
	}
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: v.String()}}
}
