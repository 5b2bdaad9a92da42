package executor

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sluice-dev/sluice/tools"
)

// BenchmarkQueue is one call that comes and one that ends, whose slot is handed on, where
// so many wait. With none waiting, it is handed to the call that came. The budget for all
// three is 2 us. Take some 100 000 rounds: the first find nothing in any cache.
func BenchmarkQueue(b *testing.B) {
	for _, waiting := range []int{0, 100, 10_000, 100_000} {
		for _, c := range []struct{ callers, tools int }{{1, 1}, {1000, 1000}, {waiting + 1, 1}} {
			name := fmt.Sprintf("%dwaiting/%dcallers/%dtools", waiting, c.callers, c.tools)
			b.Run(name, func(b *testing.B) { benchQueue(b, waiting, c.callers, c.tools) })
		}
	}
}

func benchQueue(b *testing.B, waiting, callers, tools int) {
	q := newQueue(nil)
	q.slots = slots{capacity: 1, room: math.MaxInt}
	lanes, names := make([]lane, tools), make([]string, callers)
	for i := range names {
		names[i] = "caller " + strconv.Itoa(i)
	}
	r := rand.New(rand.NewPCG(1, 8))
	admit := func(k *ticket) {
		*k = ticket{lane: &lanes[r.IntN(tools)], caller: names[r.IntN(len(names))], class: r.IntN(classes)}
		q.update(func(s *slots) {
			if !s.take(k) {
				s.enter(k, math.MaxInt64)
			}
		})
	}
	running := &ticket{}
	admit(running)
	for range waiting {
		admit(&ticket{})
	}
	next := &ticket{}
	b.ReportAllocs()
	for b.Loop() {
		admit(next)
		next = running
		q.update(func(s *slots) {
			s.leave(next)
			running = s.next()
		})
	}
}

// BenchmarkContention is the whole engine called by so many goroutines at once, which wait
// for their calls or run them themselves; 64 must have at least 0.9 of the throughput of
// one, where there are slots for all.
func BenchmarkContention(b *testing.B) {
	ways := map[string]func(*Engine, context.Context, *Request) error{
		"execute": func(e *Engine, ctx context.Context, req *Request) error {
			_, err := e.Execute(ctx, req)
			return err
		},
		"job": func(e *Engine, ctx context.Context, req *Request) (failed error) {
			e.Job(ctx, req).Run(func(_ *tools.Result, err error) { failed = err })
			return failed
		},
	}
	for way, call := range ways {
		for _, slots := range []int{64, 1} {
			for _, callers := range []int{1, 64} {
				b.Run(fmt.Sprintf("%s/%dslots/%dcallers", way, slots, callers), func(b *testing.B) {
					registry := &tools.Registry{}
					if err := registry.Add(tool("t", echo)); err != nil {
						b.Fatal(err)
					}
					e := New(Options{Registry: registry, Concurrency: slots})
					defer e.KeepReady()()
					b.ReportAllocs()
					var calls atomic.Int64
					var done sync.WaitGroup
					for range callers {
						done.Go(func() {
							for calls.Add(1) <= int64(b.N) {
								if err := call(e, context.Background(), &Request{Tool: "t"}); err != nil {
									b.Error(err)
								}
							}
						})
					}
					done.Wait()
				})
			}
		}
	}
}

// TestSlotAtOnceAllocates checks that a call which finds a free slot costs no memory.
func TestSlotAtOnceAllocates(t *testing.T) {
	q := newQueue(nil)
	q.slots = slots{capacity: 1}
	k := &ticket{lane: &lane{}, caller: "a"}
	n := testing.AllocsPerRun(100, func() {
		q.update(func(s *slots) {
			if !s.take(k) {
				t.Error("no slot")
			}
		})
		q.update(func(s *slots) { s.leave(k) })
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
