package executor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/tools"
)

var shared = tools.Limits{Cache: &tools.Cache{Shared: true}}

// answer is what came of a call.
type answer struct {
	result *tools.Result
	err    error
	after  time.Duration
}

// send starts a call and returns when it waits.
func send(ctx context.Context, e *Engine, req Request) <-chan answer {
	done := make(chan answer, 1)
	req.Tool = "t"
	begin := time.Now()
	go func() {
		result, err := e.Execute(ctx, &req)
		done <- answer{result, err, time.Since(begin)}
	}()
	synctest.Wait()
	return done
}

// slowly answers after 10 s, unless its context ends, and counts its calls.
func slowly(calls *atomic.Int32) handlerFunc {
	return func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
		calls.Add(1)
		select {
		case <-time.After(10 * time.Second):
			return tools.TextResult("hello"), nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// TestCoalesce checks that identical calls share an execution and different ones do
// not, and what their records say.
func TestCoalesce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		e := newEngine(t, Options{Concurrency: 2}, tool("t", slowly(&calls), shared))
		begin := time.Now()
		var list []<-chan answer
		for i := range 4 {
			list = append(list, send(t.Context(), e, Request{Caller: fmt.Sprint(i)}))
			time.Sleep(time.Second)
		}
		other := send(t.Context(), e, Request{Arguments: json.RawMessage(`{"a":1}`)})
		for i, r := range e.InFlight() {
			if r.Started.IsZero() || i < 4 && r.Started.Before(r.Queued) {
				t.Errorf("in flight %d: %+v", i, r)
			}
		}
		if m := e.Metrics().OtherCallers; m.Running != 1 || m.Waiting != 3 {
			t.Errorf("%d of the callers run, %d wait", m.Running, m.Waiting)
		}
		for i, done := range list {
			want := history.CacheCoalesced
			if i == 0 {
				want = history.CacheMiss
			}
			a := <-done
			if a.err != nil || a.after != time.Duration(10-i)*time.Second || a.result.Meta[cacheMeta] != string(want) {
				t.Errorf("call %d: %+v", i, a)
			}
		}
		if a := <-other; a.err != nil || calls.Load() != 2 {
			t.Errorf("%v; %d calls of the tool", a.err, calls.Load())
		}
		past := records(e)
		slices.SortFunc(past, func(a, b Record) int { return a.Queued.Compare(b.Queued) })
		for i, r := range past[:4] {
			waits := history.Waits{}
			if i > 0 {
				waits.Flight = time.Duration(10-i) * time.Second
			}
			if r.Waits != waits || !r.Started.Equal(begin.Add(time.Duration(i)*time.Second)) || r.ID == past[(i+1)%4].ID {
				t.Errorf("record %d: %+v", i, r)
			}
		}
		if c := e.Metrics().Tools["t"]; c.Coalesced != 3 || c.CacheMisses != 2 || c.Started != 2 || c.Succeeded != 5 || c.Run.Sum != 20*time.Second {
			t.Errorf("%+v", c)
		}
	})
}

// TestCoalesceFailures checks that each way to fail reaches every call, as an error of
// its own.
func TestCoalesceFailures(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, test := range []struct {
		name    string
		handler handlerFunc
		kind    Kind
		wraps   error
	}{
		{"error", func(context.Context, *tools.Call) (*tools.Result, error) { return nil, broken }, KindInternal, broken},
		{"panic", func(context.Context, *tools.Call) (*tools.Result, error) { panic("broken") }, KindPanic, ErrPanic},
		{"goexit", endings[3].handler(nil), KindPanic, ErrPanic},
		{"timeout", obey, KindTimeout, ErrTimeout},
		{"abandoned", func(context.Context, *tools.Call) (*tools.Result, error) {
			time.Sleep(time.Hour)
			return nil, nil
		}, KindTimeout, ErrTimeout},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := newEngine(t, Options{Timeout: time.Minute}, tool("t", func(ctx context.Context, call *tools.Call) (*tools.Result, error) {
					time.Sleep(time.Second)
					return test.handler(ctx, call)
				}, shared))
				ids := map[string]bool{}
				var list []<-chan answer
				for i := range 3 {
					list = append(list, send(t.Context(), e, Request{Caller: fmt.Sprint(i)}))
				}
				for _, done := range list {
					ids[wantKind(t, (<-done).err, test.kind, test.wraps).ID] = true
				}
				if len(ids) != 3 {
					t.Errorf("ids of the errors: %v", ids)
				}
				abandoned := test.name == "abandoned"
				if c := e.Metrics().Total; (c.Abandoned == 1) != abandoned || (c.Running == 1) != abandoned || (len(e.InFlight()) == 1) != abandoned || c.Failed[test.kind] != 3 {
					t.Errorf("%+v", c)
				}
				for _, r := range records(e) {
					if r.Abandoned != abandoned {
						t.Errorf("record: %+v", r)
					}
				}
				time.Sleep(2 * time.Hour)
			})
		})
	}
}

// TestFlightRoom checks that no more calls wait for a flight than there is room for, nor
// with more bytes.
func TestFlightRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, Options{QueueBytes: 10}, tool("t", until(release), shared))
		one := Request{Arguments: json.RawMessage(`{"n":1}`)}
		list := []<-chan answer{send(t.Context(), e, one), send(t.Context(), e, one)}
		synctest.Wait()
		if a := <-send(t.Context(), e, one); wantKind(t, a.err, KindOverloaded, ErrQueueFull).RetryAfter <= 0 {
			t.Error("no time to try again")
		}
		e.Adjust(Options{})
		list = append(list, send(t.Context(), e, one))
		synctest.Wait()
		e.aside.calls.Add(maxAside - 2)
		refused := wantKind(t, (<-send(t.Context(), e, one)).err, KindOverloaded, ErrQueueFull)
		if by := refuser(&Record{Kind: refused.Kind}, refused); by != "cache" {
			t.Errorf("the audit log says that %q refused", by)
		}
		if m := e.Metrics(); m.CacheRefused != 2 || m.Queue.RefusedFull != 0 {
			t.Errorf("%d refused by the cache, %d by the queue", m.CacheRefused, m.Queue.RefusedFull)
		}
		e.aside.calls.Add(2 - maxAside)
		close(release)
		for _, done := range list {
			if a := <-done; a.err != nil {
				t.Error(a.err)
			}
		}
	})
}

// TestFlightRecord checks that policies within see the call, as it came.
func TestFlightRecord(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Options{}, tool("t", echo, shared))
	var got Record
	e.run = e.with("cache", func(next Handler) Handler {
		return func(ctx context.Context, x *Execution) (*tools.Result, error) {
			got = x.snapshot()
			return next(ctx, x)
		}
	})
	_, err := e.Execute(t.Context(), &Request{Tool: "t", Caller: "ada", Transport: "stdio", Priority: PriorityBatch, Arguments: json.RawMessage(`{}`)})
	want := records(e)[0]
	want.Started, want.Finished, want.Outcome, want.Cached, want.BytesOut = time.Time{}, time.Time{}, "", "", 0
	if err != nil || got != want {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
}
