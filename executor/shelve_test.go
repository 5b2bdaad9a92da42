package executor

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// TestDecodedArgumentsOfWaitingCalls checks that calls which wait take about as much memory as
// the bytes of their arguments that are counted, and that handlers and hooks find them decoded
// all the same.
func TestDecodedArgumentsOfWaitingCalls(t *testing.T) { // alone, for it measures memory
	const calls, values = 40, 20_000
	arguments := func(n int) json.RawMessage {
		return json.RawMessage(fmt.Sprintf(`{"n":[%d%s]}`, n, strings.Repeat(",{}", values)))
	}
	for name, test := range map[string]struct {
		adjust func(*Options, *tools.Tool)
		same   bool // all calls are identical
	}{
		"a slot": {adjust: func(o *Options, _ *tools.Tool) { o.Concurrency = 1 }},
		"a rate limit": {adjust: func(o *Options, _ *tools.Tool) {
			o.Rate, o.RateWait = tools.Rate{Count: 1, Per: time.Second}, time.Hour
		}},
		"others": {adjust: func(_ *Options, t *tools.Tool) { t.Limits.Cache = &tools.Cache{} }, same: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				seen, hooked := make(chan int, calls), make(chan int, calls)
				size := func(values map[string]any) int { list, _ := values["n"].([]any); return len(list) }
				tool := tool("t", func(_ context.Context, call *tools.Call) (*tools.Result, error) {
					<-release
					seen <- size(call.Values)
					return tools.TextResult("done"), nil
				})
				o := Options{Timeout: -1, After: []func(context.Context, *Execution, *tools.Result, error) error{
					func(_ context.Context, x *Execution, _ *tools.Result, _ error) error {
						hooked <- size(x.Call.Values)
						return nil
					},
				}}
				test.adjust(&o, tool)
				e := newEngine(t, o, tool)
				before := heapInUse()
				done := make(chan error, calls)
				for n := range calls {
					if test.same {
						n = 0
					}
					go func() {
						_, err := e.Execute(t.Context(), &Request{Tool: "t", Arguments: arguments(n)})
						done <- err
					}()
				}
				synctest.Wait()
				// Two are decoded: that of the one that runs, and of a tool of all calls alike their leader's.
				if kept := heapInUse() - before; kept > calls*values*20 {
					t.Errorf("%d calls with %d bytes of arguments take %d", calls, len(arguments(0)), kept)
				}
				close(release)
				for range calls {
					if err := <-done; err != nil {
						t.Error(err)
					}
					if n := <-hooked; n != values+1 {
						t.Errorf("a hook found %d values", n)
					}
				}
				for range len(seen) {
					if n := <-seen; n != values+1 {
						t.Errorf("the handler found %d values", n)
					}
				}
			})
		})
	}
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
