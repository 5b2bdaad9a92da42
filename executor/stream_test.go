package executor

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// TestStream checks that progress comes in order and then the result, once.
func TestStream(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		every time.Duration // between reports of the tool
		slow  time.Duration // what the loop takes for each event
		low   int           // events of progress, at least
	}{
		{"in step", time.Second, 0, 20},
		{"slow loop", time.Second, 7 * time.Second, 3},
		{"flood", 0, 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := newEngine(t, Options{}, tool("t", count(20, test.every)))
				progress, results, last := 0, 0, 0.0
				heard := 0
				req := &Request{Tool: "t", OnProgress: func(tools.Progress) { heard++ }}
				for event, err := range e.Stream(t.Context(), req) {
					switch {
					case err != nil || results > 0 || (event.Progress == nil) == (event.Result == nil):
						t.Fatalf("event %+v, %v after %d results", event, err, results)
					case event.Result != nil:
						results++
					case event.Progress.Done <= last:
						t.Errorf("%v after %v", event.Progress.Done, last)
					default:
						progress, last = progress+1, event.Progress.Done
					}
					time.Sleep(test.slow)
				}
				if progress < test.low || results != 1 || last != 20 || heard == 0 {
					t.Errorf("%d events of progress up to %v, %d results", progress, last, results)
				}
				if r := records(e)[0]; r.Finished.Sub(r.Queued) != 20*test.every {
					t.Errorf("the loop held up the tool: %+v", r)
				}
			})
		})
	}
}

// TestStreamLeave checks that to leave the loop cancels the call, wherever it is.
func TestStreamLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var cause error
		e := newEngine(t, Options{}, tool("t", func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
			tools.Report(ctx, tools.Progress{Done: 1})
			<-ctx.Done()
			cause = context.Cause(ctx)
			return nil, ctx.Err()
		}))
		for range e.Stream(t.Context(), &Request{Tool: "t"}) {
			break
		}
		if cause != errConsumerLeft || len(e.InFlight()) != 0 || records(e)[0].Kind != KindCancelled {
			t.Errorf("cause %v, records %+v", cause, records(e))
		}
		func() {
			defer func() { _ = recover() }()
			for range e.Stream(t.Context(), &Request{Tool: "t"}) {
				panic("in the loop")
			}
		}()
		if len(e.InFlight()) != 0 {
			t.Error("a panic in the loop leaves the call behind")
		}
	})
}

// TestStreamError checks that the error comes alone.
func TestStreamError(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Options{})
	n := 0
	for event, err := range e.Stream(t.Context(), &Request{Tool: "none"}) {
		n++
		wantKind(t, err, KindUnknownTool, ErrUnknownTool)
		if event != (Event{}) {
			t.Errorf("event %+v", event)
		}
	}
	if n != 1 {
		t.Errorf("%d events", n)
	}
}
