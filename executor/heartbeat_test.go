package executor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

const minute = time.Minute

// heard is what a caller was told of its call, in its order: seconds, value, message.
func heard(t *testing.T, e *Engine, ctx context.Context, name string) (*[]string, <-chan error) {
	t.Helper()
	var told []string
	last, over, begin := 0.0, false, time.Now()
	done := make(chan error, 1)
	go func() {
		_, err := e.Execute(ctx, &Request{Tool: name, OnProgress: func(p tools.Progress) {
			if over || p.Done <= last {
				t.Errorf("%v after %v, over: %v", p.Done, last, over)
			}
			last = p.Done
			told = append(told, fmt.Sprintf("%v:%v/%v %s", time.Since(begin).Seconds(), p.Done, p.Total, p.Message))
		}})
		over = true
		done <- err
	}()
	return &told, done
}

// sleeper is silent for a time, then reports, and is silent again as long.
func sleeper(silent time.Duration) handlerFunc {
	return func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
		for done := range 2 {
			select {
			case <-time.After(silent):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			if done == 0 {
				tools.Report(ctx, tools.Progress{Done: 1, Total: 2, Message: "half"})
			}
		}
		return tools.TextResult(""), nil
	}
}

// TestHeartbeat checks when a silent call beats, and with what.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		every time.Duration
		f     handlerFunc
		want  string
	}{
		{"quick", 0, echo, ""},
		{"not silent for so long", 0, sleeper(14 * time.Second), "14:1/2 half"},
		{"silent", 0, sleeper(40 * time.Second), "15:0.001/0 still running, 15s|30:0.002/0 still running, 30s|40:1/2 half|" +
			"55:1.001/2 half (still running, 55s)|70:1.002/2 half (still running, 1m10s)"},
		{"more often", 10 * time.Second, sleeper(11 * time.Second), "10:0.001/0 still running, 10s|11:1/2 half|21:1.001/2 half (still running, 21s)"},
		{"never", -1, sleeper(minute), "60:1/2 half"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := newEngine(t, Options{Heartbeat: test.every, Timeout: -1}, tool("t", test.f))
				told, done := heard(t, e, t.Context(), "t")
				if err := <-done; err != nil {
					t.Error(err)
				}
				time.Sleep(minute)
				if got := strings.Join(*told, "|"); got != test.want {
					t.Errorf("got  %s\nwant %s", got, test.want)
				}
				if e.beats.armed.Load() {
					t.Error("the timer runs though there is no call")
				}
			})
		})
	}
}

// TestHeartbeatWaiting checks that a call beats while it waits for its slot and then
// while it runs, and that the timer is shared rightly by calls that come in between.
func TestHeartbeatWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Concurrency: 1, Timeout: -1}, tool("t", sleeper(20*time.Second)))
		first, ended := heard(t, e, t.Context(), "t")
		time.Sleep(7 * time.Second)
		second, done := heard(t, e, t.Context(), "t")
		if err := errors.Join(<-ended, <-done); err != nil {
			t.Error(err)
		}
		if got := strings.Join(*first, "|"); got != "15:0.001/0 still running, 15s|20:1/2 half|35:1.001/2 half (still running, 35s)" {
			t.Errorf("first: %s", got)
		}
		if got := strings.Join(*second, "|"); got != "15:0.001/0 waiting for a slot, 15s|30:0.002/0 waiting for a slot, 30s|"+
			"45:0.003/0 still running, 12s|53:1/2 half|68:1.001/2 half (still running, 35s)" {
			t.Errorf("second: %s", got)
		}
	})
}

// TestHeartbeatRate checks that a call beats while it waits for a token.
func TestHeartbeatRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Rate: tools.Rate{Count: 1, Per: time.Minute}, RateWait: time.Hour}, tool("t", echo))
		<-start(e, t.Context(), "t")
		told, done := heard(t, e, t.Context(), "t")
		if err := <-done; err != nil {
			t.Error(err)
		}
		if got := strings.Join(*told, "|"); !strings.HasPrefix(got, "15:0.001/0 waiting for a rate limit, 15s|30:0.002/0 waiting for a rate limit, 30s|") {
			t.Errorf("got %s", got)
		}
	})
}

// TestHeartbeatIsNoLife checks that a beat resets no idle timeout, and that a caller
// who has left, or a handler that was abandoned, causes none.
func TestHeartbeatIsNoLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		released := make(chan struct{})
		e := newEngine(t, Options{Heartbeat: time.Second, IdleTimeout: 5 * time.Second}, tool("obeys", obey), tool("stuck", until(released)))
		told, done := heard(t, e, t.Context(), "obeys")
		wantKind(t, <-done, KindTimeout, ErrIdleTimeout)
		if len(*told) != 4 && len(*told) != 5 { // the fifth and the timeout come at once
			t.Errorf("told %v", *told)
		}
		told, done = heard(t, e, within(t, 2500*time.Millisecond), "stuck")
		<-done
		time.Sleep(minute)
		if len(*told) != 2 {
			t.Errorf("told %v", *told)
		}
		close(released)
		synctest.Wait()
	})
}

// TestHeartbeatShared checks that many calls, come at all times, are heard of in time,
// by few looks at the ledger.
func TestHeartbeatShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const every, calls = 16 * time.Second, 500
		e := newEngine(t, Options{Heartbeat: every, Concurrency: calls, Timeout: 5 * every}, tool("t", obey))
		var sweeps atomic.Int32
		e.beats.calls = func() []*Execution { sweeps.Add(1); return e.ledger.calls() }
		for range calls {
			go func() {
				last := time.Now()
				_, _ = e.Execute(t.Context(), &Request{Tool: "t", OnProgress: func(tools.Progress) {
					if silent := time.Since(last); silent > every || silent < every-every/16 {
						t.Errorf("silent for %v", silent)
					}
					last = time.Now()
				}})
				if silent := time.Since(last); silent > every+time.Second {
					t.Errorf("silent for %v at the end", silent)
				}
			}()
			time.Sleep(37 * time.Millisecond)
		}
		time.Sleep(10 * every)
		if n := sweeps.Load(); n < 4 || n > 8*16 {
			t.Errorf("%d sweeps", n)
		}
	})
}

// BenchmarkHeartbeatExpect is what a call that asks for progress pays for heartbeats.
func BenchmarkHeartbeatExpect(b *testing.B) {
	h := heartbeats{calls: func() []*Execution { return nil }}
	h.every.Store(int64(time.Hour))
	b.ReportAllocs()
	for b.Loop() {
		h.expect()
	}
	h.timer.Stop()
}

// TestHeartbeatFlight checks that calls which share an execution are told of that.
func TestHeartbeatFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Concurrency: 1, Timeout: -1}, tool("busy", sleeper(10*time.Second)),
			tool("t", sleeper(20*time.Second), tools.Limits{Cache: &tools.Cache{TTL: time.Second}}))
		busy := start(e, t.Context(), "busy")
		synctest.Wait()
		first, ended := heard(t, e, t.Context(), "t")
		second, done := heard(t, e, t.Context(), "t")
		if err := errors.Join(<-busy, <-ended, <-done); err != nil {
			t.Error(err)
		}
		for _, told := range []*[]string{first, second} {
			if got := strings.Join(*told, "|"); got != "15:0.001/0 waiting for a slot, 15s|30:0.002/0 still running, 10s|"+
				"40:1/2 half|55:1.001/2 half (still running, 35s)" {
				t.Errorf("got %s", got)
			}
		}
	})
}
