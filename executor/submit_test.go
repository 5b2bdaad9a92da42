package executor

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// submit submits a call of a tool.
func submit(t *testing.T, e *Engine, name string) string {
	t.Helper()
	id, err := e.Submit(t.Context(), &Request{Tool: name})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// kept reports whether the engine has the result of the call still.
func kept(t *testing.T, e *Engine, id string) bool {
	_, err := e.Wait(t.Context(), id)
	return !errors.Is(err, ErrNotSubmitted)
}

func done() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// TestSubmit checks what a submitted call takes over from its context, and each way to
// hear of its end.
func TestSubmit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		e := newEngine(t, Options{}, tool("t", func(ctx context.Context, call *tools.Call) (*tools.Result, error) {
			time.Sleep(time.Second)
			return tools.TextResult(ctx.Value(key{}).(string) + call.ID), ctx.Err()
		}))
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value "))
		id, err := e.Submit(ctx, &Request{Tool: "t"})
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		synctest.Wait()
		if _, err := e.Wait(done(), id); !errors.Is(err, context.Canceled) || len(e.InFlight()) != 1 {
			t.Errorf("asked while it runs: %v", err)
		}
		for range 2 {
			go func() {
				if result, err := e.Wait(t.Context(), id); err != nil || result.Content[0].(tools.Text).Text != "value "+id {
					t.Errorf("waited: %v, %v", result, err)
				}
			}()
		}
		time.Sleep(time.Minute)
		if result, err := e.Wait(done(), id); err != nil || result == nil || records(e)[0].ID != id {
			t.Errorf("asked afterwards: %v, %v", result, err)
		}
		if err := e.Cancel(id); err != nil {
			t.Errorf("cancelled afterwards: %v", err)
		}
		if _, err := e.Wait(t.Context(), "other"); !errors.Is(err, ErrNotSubmitted) || !errors.Is(e.Cancel("other"), ErrNotSubmitted) {
			t.Errorf("an id that is none: %v", err)
		}
	})
}

// TestSubmitFails checks that every end but success is told too.
func TestSubmitFails(t *testing.T) {
	t.Parallel()
	leave := func(Handler) Handler {
		return func(_ context.Context, x *Execution) (*tools.Result, error) {
			if x.Call.Tool == "goexit" {
				runtime.Goexit()
			}
			return nil, &Error{Kind: KindVetoed, Err: io.EOF}
		}
	}
	for _, test := range []struct {
		name  string
		f     handlerFunc
		opts  Options
		kind  Kind
		wraps error
	}{
		{"none", nil, Options{}, KindUnknownTool, ErrUnknownTool},
		{"panics", func(context.Context, *tools.Call) (*tools.Result, error) { panic("x") }, Options{}, KindPanic, ErrPanic},
		{"times out", obey, Options{}, KindTimeout, ErrTimeout},
		{"refused", echo, Options{Policies: []Policy{leave}}, KindVetoed, io.EOF},
		{"goexit", echo, Options{Policies: []Policy{leave}}, KindPanic, ErrPanic},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var list []*tools.Tool
				name := strings.ReplaceAll(test.name, " ", "_")
				if test.f != nil {
					list = append(list, tool(name, test.f))
				}
				e := newEngine(t, test.opts, list...)
				_, err := e.Wait(t.Context(), submit(t, e, name))
				wantKind(t, err, test.kind, test.wraps)
			})
		})
	}
}

// TestSubmitCancel checks that a submitted call can be cancelled, and drained.
func TestSubmitCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Timeout: -1}, tool("t", obey))
		id, other := submit(t, e, "t"), submit(t, e, "t")
		synctest.Wait()
		if err := e.Cancel(id); err != nil {
			t.Error(err)
		}
		_, err := e.Wait(t.Context(), id)
		wantKind(t, err, KindCancelled, ErrCancelled)
		var result *DrainError
		if err := e.Drain(within(t, time.Second)); !errors.As(err, &result) || result.Cancelled != 1 {
			t.Errorf("drain: %v", err)
		}
		_, err = e.Wait(t.Context(), other)
		wantKind(t, err, KindShuttingDown, ErrShuttingDown)
		late, err := e.Submit(t.Context(), &Request{Tool: "t"})
		wantKind(t, err, KindShuttingDown, ErrShuttingDown)
		if late != "" || len(records(e)) != 3 {
			t.Errorf("submitted to an engine that drains: %q, %d records", late, len(records(e)))
		}
	})
}

// TestSubmitKeeps checks each bound of what is kept.
func TestSubmitKeeps(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		keep Retention
		wait time.Duration // after each of ten calls with a result of 100 bytes
		want int           // how many of them are kept
	}{
		{"defaults", Retention{}, 0, 10},
		{"count", Retention{Count: 3}, 0, 3},
		{"bytes", Retention{Bytes: 450}, 0, 4},
		{"one too large", Retention{Bytes: 1}, 0, 1},
		{"default age", Retention{}, 3 * time.Minute, 3},
		{"age", Retention{Age: time.Hour}, 10 * time.Minute, 5},
		{"no age", Retention{Age: -1}, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := newEngine(t, Options{Submitted: test.keep}, tool("t", func(context.Context, *tools.Call) (*tools.Result, error) {
					return tools.TextResult(strings.Repeat("x", 100)), nil
				}))
				var ids []string
				for range 10 {
					ids = append(ids, submit(t, e, "t"))
					synctest.Wait()
					time.Sleep(test.wait)
				}
				for i, id := range ids {
					if got, want := kept(t, e, id), i >= 10-test.want; got != want {
						t.Errorf("call %d kept: %v", i, got)
					}
				}
				if m := &e.submissions; m.bytes != int64(100*test.want) || (m.last == nil) != (test.want == 0) {
					t.Errorf("%d bytes counted", m.bytes)
				}
			})
		})
	}
}

// TestSubmitKeepsInFlight checks that no bound takes a call that has not ended, and
// that who waits for one is told though it is forgotten at once.
func TestSubmitKeepsInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Timeout: time.Hour, Submitted: Retention{Count: 1, Age: -1}}, tool("t", echo), tool("long", obey))
		long := submit(t, e, "long")
		told := make(chan error)
		go func() { _, err := e.Wait(t.Context(), long); told <- err }()
		for range 10 {
			submit(t, e, "t")
		}
		synctest.Wait()
		wantKind(t, <-told, KindTimeout, ErrTimeout)
		if kept(t, e, long) {
			t.Error("kept without an age")
		}
	})
}
