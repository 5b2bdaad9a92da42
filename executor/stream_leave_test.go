package executor

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// exits are the ways in which a consumer leaves a stream after its first event.
var exits = map[string]func(iter.Seq2[Event, error]){
	"break": func(events iter.Seq2[Event, error]) {
		for range events {
			break
		}
	},
	"panic": func(events iter.Seq2[Event, error]) {
		defer func() {
			if value := recover(); value != "in the loop" {
				panic(fmt.Sprint("the panic of the loop became ", value))
			}
		}()
		for range events {
			panic("in the loop")
		}
	},
	"goexit": func(events iter.Seq2[Event, error]) {
		over := make(chan struct{})
		go func() {
			defer close(over)
			for range events {
				runtime.Goexit()
			}
		}()
		<-over
	},
	"stop of a pull": func(events iter.Seq2[Event, error]) {
		next, stop := iter.Pull2(events)
		_, _, _ = next()
		stop()
	},
}

// TestStreamDeparted checks that a consumer who leaves, however, cancels its call with
// the cause, and that neither a tool that obeys nor one that does not is blocked by that.
func TestStreamDeparted(t *testing.T) {
	t.Parallel()
	for name, depart := range exits {
		for _, stubborn := range []time.Duration{0, time.Hour} {
			t.Run(fmt.Sprint(name, " ", stubborn), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { checkDeparted(t, depart, stubborn) })
			})
		}
	}
}

func checkDeparted(t *testing.T, depart func(iter.Seq2[Event, error]), stubborn time.Duration) {
	var cause error
	var returned time.Duration
	begin := time.Now()
	e := newEngine(t, Options{}, tool("t", func(ctx context.Context, call *tools.Call) (*tools.Result, error) {
		tools.Report(ctx, tools.Progress{Done: 1})
		<-ctx.Done()
		cause = context.Cause(ctx)
		_, _ = count(1000, stubborn/1000)(ctx, call)
		returned = time.Since(begin)
		return nil, ctx.Err()
	}))
	depart(e.Stream(t.Context(), &Request{Tool: "t"}))
	if took := time.Since(begin); took != min(stubborn, e.opts.AbandonGrace) {
		t.Errorf("the consumer was held up for %v", took)
	}
	time.Sleep(2 * stubborn)
	synctest.Wait()
	if cause != errConsumerLeft || records(e)[0].Kind != KindCancelled || returned != stubborn {
		t.Errorf("cause %v, record %+v, returned after %v", cause, records(e)[0], returned)
	}
}

// TestStreamAgain checks that each range runs the call anew, and a sequence that is not
// ranged over runs none.
func TestStreamAgain(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Options{}, tool("t", echo))
	events := e.Stream(t.Context(), &Request{Tool: "t"})
	if n := len(records(e)); n != 0 {
		t.Errorf("%d calls before the range", n)
	}
	for range 3 {
		for event, err := range events {
			if err != nil || event.Result == nil {
				t.Errorf("event %+v, %v", event, err)
			}
		}
	}
	if n := len(records(e)); n != 3 {
		t.Errorf("%d calls", n)
	}
}

// TestStreamCancelled checks that a consumer whose context ends is told why, last.
func TestStreamCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{}, tool("t", obey))
		var last error
		n := 0
		for _, err := range e.Stream(within(t, time.Second), &Request{Tool: "t"}) {
			n, last = n+1, err
		}
		wantKind(t, last, KindTimeout, context.DeadlineExceeded)
		if n != 1 {
			t.Errorf("%d events", n)
		}
	})
}

// TestStreamLast checks that the last value is not lost to a loop that comes back when
// the call has ended.
func TestStreamLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{}, tool("t", count(3, time.Second)))
		for range 20 { // what is chosen of what is ready is random
			last := 0.0
			for event := range e.Stream(t.Context(), &Request{Tool: "t"}) {
				if event.Progress != nil {
					last = event.Progress.Done
				}
				time.Sleep(time.Minute)
			}
			if last != 3 {
				t.Errorf("the last value is %v", last)
			}
		}
	})
}
