package tools

import (
	"context"
	"strings"
	"testing"
)

const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// TestParseTrace checks what of a caller's trace is taken over: nothing that a header, an
// environment or another server could not carry.
func TestParseTrace(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", "00", parent[:54], parent + "-", parent + "-x", " " + parent[1:],
		"ff" + parent[2:], "0G" + parent[2:], strings.ToUpper(parent), strings.Replace(parent, "-", "_", 1),
		"00-" + strings.Repeat("0", 32) + "-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-" + strings.Repeat("0", 16) + "-01",
		"01" + parent[2:] + "x", "01" + parent[2:] + "-\n", "01" + parent[2:] + "-" + strings.Repeat("x", 100),
	} {
		if got := ParseTrace(bad, "a=1", "b=2"); got != (Trace{}) {
			t.Errorf("%q: got %+v", bad, got)
		}
	}
	for _, test := range []struct {
		parent, state, baggage string
		want                   Trace
	}{
		{parent, "", "", Trace{Parent: parent}},
		{parent, "a=1,b@c=2", "user=1", Trace{parent, "a=1,b@c=2", "user=1"}},
		{"cc" + parent[2:] + "-more", "", "", Trace{Parent: "cc" + parent[2:] + "-more"}},
		{parent, "a=1\r\nX: y", "b=\x00", Trace{Parent: parent}},
		{parent, "a=é", "b=\x7f", Trace{Parent: parent}},
		{parent, strings.Repeat("a", maxTraceState+1), strings.Repeat("a", maxBaggage+1), Trace{Parent: parent}},
	} {
		if got := ParseTrace(test.parent, test.state, test.baggage); got != test.want {
			t.Errorf("%q: got %+v", test.parent, got)
		}
	}
}

type fakeTracer struct {
	Trace_ Trace
	said   []string
}

func (f *fakeTracer) StartSpan(_ context.Context, kind SpanKind, name string) ActiveSpan {
	f.said = append(f.said, string(kind), name)
	return f
}
func (f *fakeTracer) Trace() Trace           { return f.Trace_ }
func (f *fakeTracer) Set(name string, _ any) { f.said = append(f.said, name) }
func (f *fakeTracer) End(failure string)     { f.said = append(f.said, failure) }

// TestSpan checks that a span hands on itself where the call is traced, and the caller's
// trace where it is not.
func TestSpan(t *testing.T) {
	t.Parallel()
	call := &Call{Trace: Trace{Parent: parent}}
	s := call.StartSpan(t.Context(), SpanHTTP, "GET")
	s.SetText("a", "b")
	s.SetInt("c", 1)
	s.End("timeout")
	if s.Trace() != call.Trace {
		t.Errorf("without a tracer: %+v", s.Trace())
	}
	tracer := &fakeTracer{Trace_: Trace{Parent: "mine"}}
	call.Tracer = tracer
	s = call.StartSpan(t.Context(), SpanHTTP, "GET")
	s.SetText("a", "b")
	s.SetInt("c", 1)
	s.End("timeout")
	if got := strings.Join(tracer.said, " "); got != "http GET a c timeout" || s.Trace().Parent != "mine" {
		t.Errorf("got %s, %+v", got, s.Trace())
	}
}

// TestSpanCostsNothing checks that handlers need not ask whether a call is traced.
func TestSpanCostsNothing(t *testing.T) {
	call := &Call{Trace: Trace{Parent: parent}}
	if n := testing.AllocsPerRun(100, func() {
		s := call.StartSpan(context.Background(), SpanProgram, "wc")
		s.SetText("a", "b")
		s.SetInt("c", 1000)
		s.End("")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
