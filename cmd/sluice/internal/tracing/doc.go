// Package tracing sends the spans of calls to a collector, by the protocol of
// OpenTelemetry (OTLP over HTTP, in protocol buffers). It is the one package that knows
// OpenTelemetry; the engine and the tools see executor.Tracer and tools.Tracer.
//
// A call is a span of kind server, beneath the span of its caller where that is known, with
// a span beneath it for each wait, program, HTTP request and call of another server. Names
// and attributes are those of the semantic conventions for MCP, generative AI, HTTP and
// processes where there are any, and begin with "sluice." otherwise. No argument and no
// result is in them, and what looks secret is masked.
//
// The exporter is our own: the one of OpenTelemetry links all of gRPC, which is 6 MB of the
// program and 5 MB of its memory at rest, even where nothing is traced.
package tracing
