package executor

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/executor/audit"
	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/tools"
)

// seen is all that can be seen of a call from outside.
type seen struct {
	Result        string
	Error         string
	Answered      time.Time
	Progress      []float64
	Stuck, AtRest Metrics
	Record        Record
	Audit         []audit.Event
	Breaker       BreakerState
	Repeated      string // what becomes of the same call again
}

// TestLeave has calls end in every way there is, once by Execute, which has a goroutine
// for the handler beside that of the policies, and once by a job, whose one goroutine is
// left to a handler that does not stop: nothing that can be seen may differ.
func TestLeave(t *testing.T) {
	t.Parallel()
	stubborn := func(err error) handlerFunc {
		return func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
			tools.Report(ctx, tools.Progress{Done: 1})
			time.Sleep(10 * time.Second)
			tools.Report(ctx, tools.Progress{Done: 2})
			return tools.TextResult("late"), err
		}
	}
	late := func(err error) handlerFunc { // within the grace
		return func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
			<-ctx.Done()
			time.Sleep(50 * time.Millisecond)
			return tools.TextResult("in time"), err
		}
	}
	exits := func(after time.Duration) handlerFunc {
		return func(context.Context, *tools.Call) (*tools.Result, error) {
			time.Sleep(after)
			runtime.Goexit()
			return nil, nil
		}
	}
	broken := errors.New("broken")
	for name, handler := range map[string]handlerFunc{
		"returns":            echo,
		"is sorry":           func(context.Context, *tools.Call) (*tools.Result, error) { return tools.ErrorResult("sorry"), nil },
		"fails":              func(context.Context, *tools.Call) (*tools.Result, error) { return nil, broken },
		"returns nothing":    func(context.Context, *tools.Call) (*tools.Result, error) { return nil, nil },
		"panics":             func(context.Context, *tools.Call) (*tools.Result, error) { panic("broken") },
		"panics when left":   func(context.Context, *tools.Call) (*tools.Result, error) { time.Sleep(10 * time.Second); panic("late") },
		"exits":              exits(0),
		"exits within grace": exits(2050 * time.Millisecond),
		"exits when left":    exits(10 * time.Second),
		"obeys":              obey,
		"stubborn":           stubborn(nil),
		"stubborn and fails": stubborn(broken),
		"late":               late(nil),
		"late and fails":     late(broken),
	} {
		for _, end := range []string{"timeout", "idle timeout", "cancel", "drain"} {
			for _, grace := range []time.Duration{100 * time.Millisecond, -1} {
				t.Run(fmt.Sprintf("%s/%s/%v", name, end, grace), func(t *testing.T) {
					t.Parallel()
					if name == "obeys" && grace < 0 {
						t.Skip("its return or the end of no grace: either may be first")
					}
					var byExecute, byJob seen
					synctest.Test(t, func(t *testing.T) { byExecute = look(t, handler, end, grace, false) })
					synctest.Test(t, func(t *testing.T) { byJob = look(t, handler, end, grace, true) })
					of, other := reflect.ValueOf(byExecute), reflect.ValueOf(byJob)
					for i := range of.NumField() {
						if one, two := of.Field(i).Interface(), other.Field(i).Interface(); !reflect.DeepEqual(one, two) {
							t.Errorf("%s by Execute %.1500v\nby a job %.1500v", of.Type().Field(i).Name, one, two)
						}
					}
				})
			}
		}
	}
}

// look makes one call that ends after two seconds at the latest, and looks at it from all
// sides.
func look(t *testing.T, handler handlerFunc, end string, grace time.Duration, byJob bool) (s seen) {
	log := audit.NewMemory(100)
	opts := Options{AbandonGrace: grace, Audit: log, History: history.NewMemory(10), RepeatFailures: 1}
	opts.Breaker = tools.Breaker{Failures: 1, Open: time.Hour}
	switch end {
	case "timeout":
		opts.Timeout = 2 * time.Second
	case "idle timeout":
		opts.IdleTimeout = 2 * time.Second
	}
	e := newEngine(t, opts, tool("t", handler, tools.Limits{Concurrency: 1}))
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	ended := make(chan struct{})
	done := func(result *tools.Result, err error) {
		if result != nil {
			s.Result = firstText(result)
		}
		var failure *Error
		if errors.As(err, &failure) {
			s.Error = fmt.Sprintf("%s %v %s", failure.Kind, failure.Err, failure.Tool)
		}
		s.Answered = time.Now()
		close(ended)
	}
	req := &Request{Tool: "t", Caller: "ada", OnProgress: func(p tools.Progress) {
		if !s.Answered.IsZero() {
			t.Error("progress after the answer")
		}
		s.Progress = append(s.Progress, p.Done)
	}}
	job := e.Job(context.WithoutCancel(ctx), req)
	if byJob {
		job.Start(done)
	} else {
		go func() { done(e.Execute(ctx, req)) }()
	}
	time.AfterFunc(2*time.Second, func() {
		switch end {
		case "cancel":
			cause := errors.New("no longer wanted")
			job.Cancel(cause)
			cancel(cause)
		case "drain":
			over, stop := context.WithCancel(t.Context())
			stop()
			_ = e.Drain(over)
		}
	})
	<-ended
	synctest.Wait()
	s.Stuck = e.Metrics()
	if _, err := e.Execute(t.Context(), &Request{Tool: "t", Caller: "ada"}); err != nil {
		s.Repeated = string(err.(*Error).Kind)
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	s.AtRest, s.Record = e.Metrics(), records(e)[0]
	s.Record.ID = ""
	for _, entry := range log.Entries() {
		s.Audit = append(s.Audit, entry.Event)
	}
	s.Breaker = s.AtRest.Tools["t"].Breaker.State
	return s
}
