package executor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// TestCoalesceLeaving checks that a call that leaves costs the others nothing,
// whichever it is, and that the last takes the execution with it.
func TestCoalesceLeaving(t *testing.T) {
	t.Parallel()
	for _, leave := range [][]int{{0}, {1}, {2}, {0, 1}, {0, 2}, {2, 1}, {0, 1, 2}, {2, 0, 1}} {
		t.Run(fmt.Sprint(leave), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var calls atomic.Int32
				e := newEngine(t, Options{}, tool("t", slowly(&calls), shared))
				var list []<-chan answer
				var cancels []context.CancelFunc
				for range 3 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					list, cancels = append(list, send(ctx, e, Request{})), append(cancels, cancel)
				}
				for _, i := range leave {
					time.Sleep(time.Second)
					cancels[i]()
					synctest.Wait()
					wantKind(t, (<-list[i]).err, KindCancelled, context.Canceled)
				}
				if n := e.Metrics().Total.Running; (n == 0) != (len(leave) == 3) {
					t.Errorf("%d are running", n)
				}
				left := 0
				for i := range list {
					if !slices.Contains(leave, i) {
						left++
						if a := <-list[i]; a.err != nil || a.after != 10*time.Second {
							t.Errorf("call %d: %+v", i, a)
						}
					}
					cancels[i]()
				}
				// The leader's entry stays as long as the execution, and no longer.
				if n := len(e.InFlight()); n != 0 || calls.Load() != 1 || left+len(leave) != 3 {
					t.Errorf("%d in flight, %d calls of the tool", n, calls.Load())
				}
			})
		})
	}
}

// TestCoalesceLeaderLeft checks that an execution whose leader has left is still seen,
// and that a drain ends it with those who wait.
func TestCoalesceLeaderLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var cause error
		e := newEngine(t, Options{}, tool("t", func(ctx context.Context, call *tools.Call) (*tools.Result, error) {
			defer func() { cause = context.Cause(ctx) }()
			return obey(ctx, call)
		}, shared))
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		leader, joiner := send(short, e, Request{}), send(t.Context(), e, Request{})
		wantKind(t, (<-leader).err, KindTimeout, context.DeadlineExceeded)
		synctest.Wait()
		if list := e.InFlight(); len(list) != 2 || list[0].Finished.IsZero() || list[0].Abandoned || list[0].Started.IsZero() || !list[1].Finished.IsZero() {
			t.Errorf("in flight: %+v", list)
		}
		var result *DrainError
		if err := e.Drain(within(t, 0)); !errors.As(err, &result) || *result != (DrainError{Cancelled: 1}) {
			t.Errorf("drain: %v", err)
		}
		wantKind(t, (<-joiner).err, KindShuttingDown, ErrShuttingDown)
		if cause != ErrShuttingDown {
			t.Errorf("the handler saw the cause %v", cause)
		}
	})
}

// TestCoalesceDeadline checks that the deadline of a call that waits alone has ended it,
// and is no mere cancel.
func TestCoalesceDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		e := newEngine(t, Options{}, tool("t", slowly(&calls), shared))
		begin := time.Now()
		_, err := e.Execute(within(t, time.Second), &Request{Tool: "t"})
		wantKind(t, err, KindTimeout, context.DeadlineExceeded)
		if took := time.Since(begin); took != time.Second {
			t.Errorf("answered after %v", took)
		}
	})
}

// TestCoalesceNewcomer checks that nobody joins an execution that ends since all have
// left it. Both that then run bring a result.
func TestCoalesceNewcomer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		e := newEngine(t, Options{AbandonGrace: time.Minute}, tool("t", func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
			n := calls.Add(1)
			if n == 1 {
				<-ctx.Done()
			}
			time.Sleep(time.Second)
			return tools.TextResult(fmt.Sprint(n)), nil
		}, shared))
		ctx, cancel := context.WithCancel(t.Context())
		first := send(ctx, e, Request{})
		cancel()
		synctest.Wait()
		for i, done := range []<-chan answer{first, send(t.Context(), e, Request{}), send(t.Context(), e, Request{})} {
			a := <-done
			if want := fmt.Sprint(min(i+1, 2)); a.err != nil || a.result.Content[0].(tools.Text).Text != want {
				t.Errorf("call %d: %+v", i, a)
			}
		}
		if n := e.Metrics().CacheEntries; n != 1 {
			t.Errorf("%d results are kept", n)
		}
	})
}

// TestCoalesceCrowd sends calls of a few kinds that leave at random, and checks that each
// that stays is answered, and that nothing is left (see newEngine).
func TestCoalesceCrowd(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			limits := tools.Limits{Concurrency: 2, Cache: &tools.Cache{TTL: 30 * time.Millisecond, Shared: true}}
			e := newEngine(t, Options{CacheEntries: 2}, tool("t", func(ctx context.Context, call *tools.Call) (*tools.Result, error) {
				tools.Report(ctx, tools.Progress{Done: 1})
				time.Sleep(time.Duration(len(call.Arguments)) * 10 * time.Millisecond)
				return tools.TextResult(string(call.Arguments)), nil
			}, limits))
			var group sync.WaitGroup
			for range 200 {
				time.Sleep(time.Duration(random.IntN(20)) * time.Millisecond)
				arguments := json.RawMessage(fmt.Sprintf(`{"n":%d}`, int(math.Pow10(random.IntN(5)))))
				req := &Request{Tool: "t", Arguments: arguments, Caller: fmt.Sprint(random.IntN(3)), Priority: Priority(random.IntN(3) - 1),
					OnProgress: func(tools.Progress) {}}
				leaves := time.Duration(random.IntN(200)) * time.Millisecond
				group.Go(func() {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					if leaves < 100*time.Millisecond {
						defer time.AfterFunc(leaves, cancel).Stop()
					}
					result, err := e.Execute(ctx, req)
					if err == nil && result.Content[0].(tools.Text).Text != string(arguments) || err != nil && ctx.Err() == nil {
						t.Errorf("seed %d: %s: %+v, %v", seed, arguments, result, err)
					}
				})
			}
			group.Wait()
			time.Sleep(time.Second)
		})
	}
}
