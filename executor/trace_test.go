package executor

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// A traceBook is a tracer that writes down what it is told.
type traceBook struct {
	mu    sync.Mutex
	lines []string
}

type traceKey struct{}

func (b *traceBook) say(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, fmt.Sprintf(format, args...))
}

func (b *traceBook) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer func() { b.lines = nil }()
	return strings.Join(b.lines, "; ")
}

func (b *traceBook) Start(ctx context.Context, id string, req *Request) (context.Context, CallTracer) {
	return context.WithValue(ctx, traceKey{}, "seen"), &tracedCall{b, req.Caller + "<" + req.Trace.Parent}
}

type tracedCall struct {
	book *traceBook
	name string
}

func (c *tracedCall) Trace() tools.Trace { return tools.Trace{Parent: c.name} }

func (c *tracedCall) StartSpan(context.Context, tools.SpanKind, string) tools.ActiveSpan { return nil }

func (c *tracedCall) End(r *Record, waits []Wait) {
	text := ""
	for _, w := range waits {
		text += fmt.Sprintf(" %s %v", w.For, w.To.Sub(w.From))
		if w.Trace.Parent != "" {
			text += " with " + w.Trace.Parent
		}
	}
	c.book.say("%s %s%s%s", c.name, r.Outcome, r.Kind, text)
}

// TestTracer checks what a tracer is told of a call, and what its handler is given.
func TestTracer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		book := &traceBook{}
		work := func(ctx context.Context, call *tools.Call) (*tools.Result, error) {
			if ctx.Value(traceKey{}) != "seen" || call.Trace.Parent != call.Caller+"<up" || call.Tracer == nil {
				t.Errorf("the handler is given %+v", call)
			}
			time.Sleep(time.Second)
			return tools.TextResult("x"), nil
		}
		e := newEngine(t, Options{Tracer: book, RateWait: time.Minute},
			tool("plain", work), tool("single", work, tools.Limits{Concurrency: 1}),
			tool("rated", work, tools.Limits{Rate: tools.Rate{Count: 1, Per: 10 * time.Second, Burst: 1}}),
			tool("shared", work, tools.Limits{Concurrency: 1, Cache: &tools.Cache{TTL: -1}}))
		call := func(caller, name string, into *sync.WaitGroup) {
			into.Go(func() {
				_, _ = e.Execute(t.Context(), &Request{Tool: name, Caller: caller, Trace: tools.Trace{Parent: "up"}})
			})
			synctest.Wait()
		}
		for _, test := range []struct {
			calls []string
			want  string
		}{
			{[]string{"plain"}, "a<up ok"},
			{[]string{"none"}, "a<up failedunknown_tool"},
			{[]string{"single", "single"}, "a<up ok; b<up ok queue 1s"},
			{[]string{"rated", "rated"}, "a<up ok; b<up ok rate 10s"},
		} {
			var calls sync.WaitGroup
			for i, name := range test.calls {
				call(string(rune('a'+i)), name, &calls)
			}
			calls.Wait()
			if got := book.take(); got != test.want {
				t.Errorf("%v: got %s, want %s", test.calls, got, test.want)
			}
		}
		if err := e.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, _ = e.Execute(t.Context(), &Request{Tool: "plain", Caller: "late"})
		if got := book.take(); got != "late< failedshutting_down" {
			t.Errorf("while it drains: %s", got)
		}
	})
}

// TestTracerOfFlights checks that the wait of a flight is its leader's, and that one who
// shares it is told with whom.
func TestTracerOfFlights(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		book := &traceBook{}
		work := func(context.Context, *tools.Call) (*tools.Result, error) {
			time.Sleep(time.Second)
			return tools.TextResult("x"), nil
		}
		e := newEngine(t, Options{Tracer: book, Concurrency: 1}, tool("plain", work), tool("shared", work, tools.Limits{Cache: &tools.Cache{Shared: true}}))
		var calls sync.WaitGroup
		for _, c := range [][2]string{{"first", "plain"}, {"leader", "shared"}, {"follower", "shared"}} {
			calls.Go(func() { _, _ = e.Execute(t.Context(), &Request{Caller: c[0], Tool: c[1]}) })
			synctest.Wait()
		}
		calls.Wait()
		got := book.take()
		for _, want := range []string{"leader< ok queue 1s", "follower< ok coalesce 2s with leader<"} {
			if !strings.Contains(got, want) {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		if _, err := e.Execute(t.Context(), &Request{Caller: "late", Tool: "shared"}); err != nil {
			t.Error(err)
		}
		if got := book.take(); got != "late< ok" {
			t.Errorf("a call that the cache has answered: %s", got)
		}
	})
}

// TestTraceWithoutTracer checks that where a caller stands in its trace is handed on as it
// came.
func TestTraceWithoutTracer(t *testing.T) {
	t.Parallel()
	want := tools.Trace{Parent: "p", State: "s", Baggage: "b"}
	e := newEngine(t, Options{}, tool("t", func(_ context.Context, call *tools.Call) (*tools.Result, error) {
		if call.Trace != want || call.Tracer != nil {
			t.Errorf("the handler is given %+v", call)
		}
		return tools.TextResult(""), nil
	}))
	if _, err := e.Execute(t.Context(), &Request{Tool: "t", Trace: want}); err != nil {
		t.Error(err)
	}
}
