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
		want := "[waiting for a slot, 6s waiting for a slot, 6s still running, 2s still running, 2s still running, 8s still running, 8s]"
		if fmt.Sprint(said) != want {
			t.Errorf("said: %v", said)
		}
	})
}

// TestCoalesceLeaderHears checks that the leader misses nothing of a tool that reports
// at once.
func TestCoalesceLeaderHears(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{}, tool("t", func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
			tools.Report(ctx, tools.Progress{Done: 1})
			return tools.TextResult("hello"), nil
		}, tools.Limits{Cache: &tools.Cache{TTL: -1}}))
		heard := 0
		for range 100 {
			_, err := e.Execute(t.Context(), &Request{Tool: "t", OnProgress: func(tools.Progress) { heard++ }})
			if err != nil {
				t.Fatal(err)
			}
		}
		if heard != 100 {
			t.Errorf("%d of 100 reports were heard", heard)
		}
	})
}
