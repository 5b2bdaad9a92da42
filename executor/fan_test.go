package executor

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// TestCoalesceProgress checks that progress and notes reach all who wait and listen,
// that they keep the flight from its idle timeout, and that nothing comes later.
func TestCoalesceProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limits := shared
		limits.IdleTimeout = 2 * time.Second
		e := newEngine(t, Options{Heartbeat: -1}, tool("t", func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
			for i := range 10 {
				tools.Report(ctx, tools.Progress{Done: float64(i + 1)})
				tools.Log(ctx, tools.LevelInfo, i+1)
				time.Sleep(time.Second)
			}
			return tools.TextResult("hello"), nil
		}, limits))
		var mu sync.Mutex
		var got [4][]string
		listening := func(i int) Request {
			hear := func(what any) {
				mu.Lock()
				defer mu.Unlock()
				got[i] = append(got[i], fmt.Sprint(what))
			}
			return Request{
				OnProgress: func(p tools.Progress) { hear(p.Done) },
				OnLog:      func(_ tools.Level, data any) { hear(data) },
			}
		}
		silent := send(t.Context(), e, Request{})
		first := send(t.Context(), e, listening(0))
		time.Sleep(4500 * time.Millisecond)
		leaver, cancel := context.WithCancel(t.Context())
		second, third := send(t.Context(), e, listening(1)), send(leaver, e, listening(2))
		time.Sleep(2 * time.Second)
		cancel()
		wantKind(t, (<-third).err, KindCancelled, context.Canceled)
		if n := listeners(e.cache); n != 2 {
			t.Errorf("%d calls are told", n)
		}
		for _, done := range []<-chan answer{silent, first, second} {
			if a := <-done; a.err != nil {
				t.Error(a.err)
			}
		}
		alone := send(t.Context(), e, Request{Caller: "from the cache"})
		if a := <-alone; a.result.Meta[cacheMeta] != "hit" {
			t.Errorf("%+v", a)
		}
		for i, want := range []string{
			"[2 2 3 3 4 4 5 5 6 6 7 7 8 8 9 9 10 10]",
			"[6 6 7 7 8 8 9 9 10 10]", "[6 6 7 7]", "[]",
		} {
			if fmt.Sprint(got[i]) != want {
				t.Errorf("call %d heard %v, want %s", i, got[i], want)
			}
		}
	})
}

// listeners returns how many calls are told what flights report.
func listeners(c *cache) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.flights {
		f.fan.mu.Lock()
		n += len(f.fan.waiters)
		f.fan.mu.Unlock()
	}
	return n
}

// TestCoalesceHeartbeat checks that each call is told what the one execution does.
func TestCoalesceHeartbeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		e := newEngine(t, Options{Concurrency: 1, Heartbeat: 6 * time.Second}, tool("t", slowly(&calls), tools.Limits{Cache: &tools.Cache{}}))
		var said []string
		request := func(caller string) Request {
			return Request{Caller: caller, OnProgress: func(p tools.Progress) { said = append(said, p.Message) }}
		}
		busy := send(t.Context(), e, Request{Caller: "busy"})
		leader := send(t.Context(), e, request("ada"))
		joiner := send(t.Context(), e, request("ada"))
		for _, done := range []<-chan answer{busy, leader, joiner} {
			if a := <-done; a.err != nil {
				t.Error(a.err)
			}
		}
		if r := records(e); r[1].Waits.Server+r[2].Waits.Server != 10*time.Second || r[1].Waits.Flight+r[2].Waits.Flight != 20*time.Second {
			t.Errorf("records: %+v", r)
		}
		want := "[waiting for a slot, 6s waiting for a slot, 6s still running, 2s still running, 2s still running, 8s still running, 8s]"
		if fmt.Sprint(said) != want {
			t.Errorf("said: %v", said)
		}
	})
}

// A listener keeps what it is told.
type listener struct{ heard []any }

func (l *listener) Report(p tools.Progress)     { l.heard = append(l.heard, p.Done) }
func (l *listener) Log(_ tools.Level, data any) { l.heard = append(l.heard, data) }
func (l *listener) ReportUsage(u tools.Usage)   { l.heard = append(l.heard, u) }

// TestFlightHasLeader checks that the leader is told from the very beginning: the tool
// may report before the leader waits.
func TestFlightHasLeader(t *testing.T) {
	t.Parallel()
	var l listener
	x := &Execution{Request: &Request{OnLog: func(tools.Level, any) {}}}
	f := newFlight(tools.WithReporter(t.Context(), &l), x, cacheKey{})
	defer f.cancel(nil)
	tools.Report(f.ctx, tools.Progress{Done: 1})
	tools.Log(f.ctx, tools.LevelInfo, "two")
	if fmt.Sprint(l.heard) != "[1 two]" {
		t.Errorf("heard %v", l.heard)
	}
}
