package executor

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"go.uber.org/goleak"

	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/tools"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type handlerFunc = func(context.Context, *tools.Call) (*tools.Result, error)

// tool makes a tool that takes any arguments.
func tool(name string, f handlerFunc, limits ...tools.Limits) *tools.Tool {
	t := &tools.Tool{
		Definition: tools.Definition{Name: name, InputSchema: json.RawMessage(`{"type":"object"}`)},
		Handler:    tools.HandlerFunc(f),
	}
	for _, l := range limits {
		t.Limits = l
	}
	return t
}

// echo answers at once.
func echo(context.Context, *tools.Call) (*tools.Result, error) { return tools.TextResult("hello"), nil }

// obey waits for the end of its context and returns its error.
func obey(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// until returns a handler that ignores its context and waits for the channel.
func until(released <-chan struct{}) handlerFunc {
	return func(context.Context, *tools.Call) (*tools.Result, error) {
		<-released
		return tools.TextResult("late"), nil
	}
}

// newEngine returns an engine with these tools, and checks at the end of the test
// that everything taken was given back.
func newEngine(t testing.TB, opts Options, list ...*tools.Tool) *Engine {
	t.Helper()
	opts.Registry = &tools.Registry{}
	if opts.History == nil {
		opts.History = history.NewMemory(1000)
	}
	if err := opts.Registry.Add(list...); err != nil {
		t.Fatal(err)
	}
	e := New(opts)
	t.Cleanup(func() { checkAtRest(t, e) })
	return e
}

// records returns the records of the calls that have ended, the oldest first.
func records(e *Engine) []Record { return e.opts.History.(*history.Memory).Records() }

// checkAtRest fails the test unless the engine holds nothing for any call. What a new
// policy holds for calls is to be checked here: see everyPolicy.
func checkAtRest(t testing.TB, e *Engine) {
	t.Helper()
	e.queue.update(func(s *slots) {
		if s.running != 0 || s.waiting != 0 || s.bytes != 0 || len(s.accounts) != 0 {
			t.Errorf("slots: %d running, %d waiting with %d bytes, %d accounts", s.running, s.waiting, s.bytes, len(s.accounts))
		}
		for i := range s.classes {
			if c := &s.classes[i]; len(c.ready) != 0 || len(c.callers) != 0 || c.waiting != 0 || c.eager != 0 {
				t.Errorf("class %d: %d lines ready, %d callers, %d waiting, %d eager", i, len(c.ready), len(c.callers), c.waiting, c.eager)
			}
		}
	})
	checkRates(t, e.rates)
	if calls, bytes := e.aside.calls.Load(), e.aside.bytes.Load(); calls != 0 || bytes != 0 {
		t.Errorf("%d calls with %d bytes wait aside", calls, bytes)
	}
	if calls := e.InFlight(); len(calls) != 0 || e.ledger.unanswered != 0 {
		t.Errorf("in flight: %+v, %d unanswered", calls, e.ledger.unanswered)
	}
	if bytes := e.ledger.state().Bytes; bytes != 0 {
		t.Errorf("%d bytes are in flight", bytes)
	}
	checkCache(t, e.cache)
	e.submissions.mu.Lock()
	if m := &e.submissions; len(m.byID) != m.count {
		t.Errorf("%d submitted calls, %d ended", len(m.byID), m.count)
	}
	e.submissions.mu.Unlock()
	e.alarms.mu.Lock()
	defer e.alarms.mu.Unlock()
	if n := len(e.alarms.heap); n != 0 {
		t.Errorf("%d stopwatches run", n)
	}
	states, _ := e.stats.all()
	for _, s := range states {
		checkBucket(t, &s.rate)
		checkCircuit(t, s)
		if s.users.Load() != 0 || s.abandoned.Load() != 0 || s.lane.running != 0 || s.lane.waiting != 0 {
			t.Errorf("tool %s: %d users, %d abandoned, %d running, %d waiting",
				s.name, s.users.Load(), s.abandoned.Load(), s.lane.running, s.lane.waiting)
		}
	}
}

// checkCache fails the test where a flight is left, or the bytes do not add up.
func checkCache(t testing.TB, c *cache) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.flights) != 0 {
		t.Errorf("%d flights are left", len(c.flights))
	}
	bytes := int64(0)
	if c.kept != nil {
		for _, kept := range c.kept.Values() {
			bytes += kept.bytes
		}
	}
	if bytes != c.bytes || bytes > c.maxBytes {
		t.Errorf("%d bytes are kept, %d noted, %d allowed", bytes, c.bytes, c.maxBytes)
	}
}

// wantKind fails the test unless err is an [*Error] of the kind that wraps target.
func wantKind(t testing.TB, err error, kind Kind, target error) *Error {
	t.Helper()
	var failure *Error
	if !errors.As(err, &failure) {
		t.Fatalf("error %v (%T), want *Error", err, err)
	}
	if failure.Kind != kind || !errors.Is(err, target) {
		t.Fatalf("error %v of kind %s, want %s wrapping %v", err, failure.Kind, kind, target)
	}
	if failure.ID == "" || failure.Tool == "" || failure.Public() == "" {
		t.Fatalf("error is incomplete: %#v", failure)
	}
	return failure
}

// results runs a call in a goroutine; the channel gives its error.
func start(e *Engine, ctx context.Context, name string) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := e.Execute(ctx, &Request{Tool: name})
		done <- err
	}()
	return done
}
