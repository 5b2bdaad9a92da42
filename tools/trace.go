package tools

import (
	"context"
	"strings"
)

// A Trace is where a call stands in a distributed trace, in the forms in which that is
// handed on (W3C Trace Context, section 3; W3C Baggage, section 3). The zero value is of a
// call that is not traced.
type Trace struct {
	// Parent is a traceparent, State a tracestate.
	Parent, State string
	// Baggage is what the caller gives along with the trace. It goes to other MCP servers
	// only: what it holds is for the caller's own systems.
	Baggage string
}

// Bounds on what callers may have handed on, in bytes.
const (
	maxTraceParent = 128
	maxTraceState  = 512
	maxBaggage     = 8192
)

// ParseTrace returns the trace that a caller says it is in. What is malformed is left out:
// the state and the baggage alone, and all where the parent is.
func ParseTrace(parent, state, baggage string) Trace {
	if !validTraceParent(parent) {
		return Trace{}
	}
	t := Trace{Parent: parent}
	if len(state) <= maxTraceState && printable(state) {
		t.State = state
	}
	if len(baggage) <= maxBaggage && printable(baggage) {
		t.Baggage = baggage
	}
	return t
}

// validTraceParent reports whether a text is version-trace-parent-flags (W3C Trace Context,
// section 3.2). Later versions may have more behind that.
func validTraceParent(text string) bool {
	const length = 2 + 1 + 32 + 1 + 16 + 1 + 2
	if len(text) < length || len(text) > maxTraceParent || text[2] != '-' || text[35] != '-' || text[52] != '-' {
		return false
	}
	version, trace, parent, flags := text[:2], text[3:35], text[36:52], text[53:55]
	switch {
	case !isHex(version) || !isHex(trace) || !isHex(parent) || !isHex(flags):
		return false
	case version == "ff", isZero(trace), isZero(parent):
		return false
	case version == "00":
		return len(text) == length
	}
	return len(text) == length || text[length] == '-' && printable(text)
}

func isHex(text string) bool {
	return strings.Trim(text, "0123456789abcdef") == ""
}

func isZero(text string) bool { return strings.Trim(text, "0") == "" }

// printable reports whether a text may stand in a header, as it is.
func printable(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// A SpanKind says what a [Span] is about.
type SpanKind string

// What handlers do for a call outside of this process.
const (
	SpanProgram  SpanKind = "program"  // a program runs
	SpanHTTP     SpanKind = "http"     // an HTTP request is made
	SpanUpstream SpanKind = "upstream" // another MCP server is called
)

// A Tracer takes the spans of a call. It is safe for concurrent use.
type Tracer interface {
	// StartSpan begins a span beneath that of the call.
	StartSpan(ctx context.Context, kind SpanKind, name string) ActiveSpan
}

// An ActiveSpan is a span of a [Tracer] that has not ended. Set must not be given what a
// caller has sent. Its methods are called by one goroutine at a time.
type ActiveSpan interface {
	// Trace is what is to be handed on to whoever does the work.
	Trace() Trace
	// Set sets an attribute: a text or a whole number, by a name of the semantic
	// conventions of OpenTelemetry where there is one.
	Set(name string, value any)
	// End ends the span; a failure is a word for what went wrong, and empty where nothing
	// did.
	End(failure string)
}

// A Span is one leg of a call: what is done for it outside of this process.
type Span struct {
	trace  Trace
	active ActiveSpan // nil where the call is not traced here
}

// StartSpan begins a span of the call. Name is that of the program, the method or the
// server. The span must be ended. Where the call is not traced that costs nothing.
func (c *Call) StartSpan(ctx context.Context, kind SpanKind, name string) Span {
	if c.Tracer == nil {
		return Span{trace: c.Trace}
	}
	return Span{active: c.Tracer.StartSpan(ctx, kind, name)}
}

// Trace returns what is to be handed on to whoever does the work: the span where the call
// is traced here, and otherwise the trace of the caller.
func (s Span) Trace() Trace {
	if s.active == nil {
		return s.trace
	}
	return s.active.Trace()
}

// SetText sets an attribute to a text.
func (s Span) SetText(name, value string) {
	if s.active != nil {
		s.active.Set(name, value)
	}
}

// SetInt sets an attribute to a number.
func (s Span) SetInt(name string, value int) {
	if s.active != nil {
		s.active.Set(name, int64(value))
	}
}

// End ends the span: see [ActiveSpan].
func (s Span) End(failure string) {
	if s.active != nil {
		s.active.End(failure)
	}
}
