package executor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// activityOf returns what the one call of a tool is doing.
func activityOf(t *testing.T, e *Engine, name string) Activity {
	t.Helper()
	var found []Activity
	for _, a := range e.Activities() {
		if a.Tool == name {
			found = append(found, a)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d calls of %s are in flight", len(found), name)
	}
	return found[0]
}

// TestActivities checks that each call in flight is shown with what it does.
func TestActivities(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, Options{Timeout: -1, RateWait: time.Hour}, tool("slow", obey), tool("stubborn", until(release)),
			tool("single", obey, tools.Limits{Concurrency: 1}),
			tool("rated", obey, tools.Limits{Rate: tools.Rate{Count: 1, Per: time.Minute, Burst: 1}}),
			tool("reports", func(ctx context.Context, call *tools.Call) (*tools.Result, error) {
				tools.Report(ctx, tools.Progress{Done: 2, Total: 5, Message: "two"})
				return obey(ctx, call)
			}))
		ctx, cancel := context.WithCancel(t.Context())
		brief, leave := context.WithCancel(t.Context())
		ended := []<-chan error{start(e, ctx, "slow"), start(e, brief, "stubborn")}
		for range 2 {
			ended = append(ended, start(e, ctx, "single"), start(e, ctx, "rated"))
			synctest.Wait()
		}
		reported := make(chan error, 1)
		go func() {
			_, err := e.Execute(ctx, &Request{Tool: "reports", OnProgress: func(tools.Progress) {}})
			reported <- err
		}()
		leave()
		time.Sleep(time.Second) // over the grace
		synctest.Wait()

		if a := activityOf(t, e, "slow"); a.State != CallRunning || a.WaitsFor != "" {
			t.Errorf("a call that runs: %+v", a)
		}
		if a := activityOf(t, e, "stubborn"); a.State != CallAbandoned {
			t.Errorf("a call that was abandoned: %+v", a)
		}
		if a := activityOf(t, e, "reports"); a.Progress != (tools.Progress{Done: 2, Total: 5, Message: "two"}) {
			t.Errorf("progress: %+v", a.Progress)
		}
		waits := map[string]string{}
		for _, a := range e.Activities() {
			if a.State == CallWaiting {
				waits[a.Tool] += a.WaitsFor
			}
		}
		if len(waits) != 2 || waits["single"] != "a slot" || waits["rated"] != "a rate limit" {
			t.Errorf("waiting: %v", waits)
		}
		cancel()
		close(release)
		for _, c := range append(ended, reported) {
			if <-c == nil {
				t.Error("a call that was cancelled succeeded")
			}
		}
		synctest.Wait()
	})
}

// TestActivityOfFlights checks that calls which share an execution are shown as it is, and
// one that its caller has left too.
func TestActivityOfFlights(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Concurrency: 1, Timeout: -1}, tool("first", obey), tool("shared", obey, tools.Limits{Cache: &tools.Cache{}}))
		first := start(e, t.Context(), "first")
		synctest.Wait()
		ctx, leave := context.WithCancel(t.Context())
		leader := start(e, ctx, "shared")
		synctest.Wait()
		follower := start(e, t.Context(), "shared")
		synctest.Wait()
		list := e.Activities()
		for _, a := range list[1:] {
			if a.State != CallWaiting || a.WaitsFor != "a slot" {
				t.Errorf("before the flight has a slot: %+v", a)
			}
		}
		if err := e.Stop(list[0].ID, nil); err != nil {
			t.Error(err)
		}
		wantKind(t, <-first, KindCancelled, ErrStopped)
		leave()
		<-leader
		synctest.Wait()
		list = e.Activities()
		if list[0].State != CallLeft || list[1].State != CallRunning {
			t.Errorf("the leader is %s, the follower %s", list[0].State, list[1].State)
		}
		if err := e.Stop(list[0].ID, nil); !errors.Is(err, ErrNotInFlight) {
			t.Errorf("a call that was left: %v", err)
		}
		if err := e.Stop(list[1].ID, nil); err != nil {
			t.Error(err)
		}
		wantKind(t, <-follower, KindCancelled, ErrStopped)
	})
}

// TestStop checks that a call is stopped wherever it is, once, and that only the record
// is told why.
func TestStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("it burns money")
		e := newEngine(t, Options{Timeout: -1, RateWait: time.Hour},
			tool("single", obey, tools.Limits{Concurrency: 1}),
			tool("rated", obey, tools.Limits{Rate: tools.Rate{Count: 1, Per: time.Minute, Burst: 1}}))
		var ended []<-chan error
		for range 2 {
			ended = append(ended, start(e, t.Context(), "single"), start(e, t.Context(), "rated"))
			synctest.Wait()
		}
		for _, a := range e.Activities() {
			if err := e.Stop(a.ID, why); err != nil {
				t.Errorf("%s, %s: %v", a.Tool, a.State, err)
			}
			if err := e.Stop(a.ID, why); !errors.Is(err, ErrNotInFlight) {
				t.Errorf("a second stop: %v", err)
			}
		}
		for _, c := range ended {
			failure := wantKind(t, <-c, KindCancelled, ErrStopped)
			if !errors.Is(failure, why) || strings.Contains(failure.Public(), why.Error()) {
				t.Errorf("got %v, and the caller is told %q", failure, failure.Public())
			}
		}
		for _, r := range records(e) {
			if !strings.HasSuffix(r.Reason, why.Error()) {
				t.Errorf("the record says %q", r.Reason)
			}
		}
		if err := e.Stop("none", nil); !errors.Is(err, ErrNotInFlight) {
			t.Errorf("no such call: %v", err)
		}
	})
}
