package executor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/tools"
)

// TestChaos has, with every policy on, or all but the user's so that jobs may leave their
// goroutines to their handlers, callers of all classes call tools of all manners
// for ten virtual minutes, leave at random, resize the slots, register tools anew, read
// the metrics and drain at last. Each call is answered once, within bounds, and has one record; then
// nothing is left over.
func TestChaos(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { newChaos(t, seed).run(t) })
		})
	}
}

// chaosFor is how long TestChaosForLong goes on, a duration.
const chaosFor = "SLUICE_TEST_CHAOS"

// TestChaosForLong is TestChaos with one seed after the other, new ones each time, for as
// long as the environment says. A failure names its seed.
func TestChaosForLong(t *testing.T) {
	long, err := time.ParseDuration(os.Getenv(chaosFor))
	if err != nil {
		t.Skip("set", chaosFor, "to a duration, such as 5m")
	}
	end, seed := time.Now().Add(long), rand.Uint64N(1<<32)
	for ; time.Now().Before(end) && !t.Failed(); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newChaos(t, seed).run(t) })
		})
	}
}

const (
	chaosCalls    = 1500
	chaosCallers  = 40
	chaosTime     = 10 * time.Minute
	chaosStubborn = 30 * time.Second // by when even a stuck handler has returned

	chaosPatience = 21 * time.Second // of a caller, and the longest timeout
	chaosGrace    = time.Second / 5  // until a call that is over is answered

	// chaosUnowned is by when a call is answered that only the engine ends: it may wait a
	// minute for tokens and a minute for a slot, and then run.
	chaosUnowned = 2*time.Minute + chaosPatience
)

type chaos struct {
	engine  *Engine
	calls   sync.WaitGroup
	answers atomic.Int64

	mu     sync.Mutex
	random *rand.Rand
}

func newChaos(t *testing.T, seed uint64) *chaos {
	c := &chaos{random: rand.New(rand.NewPCG(seed, 9))}
	limits := everyLimit()
	limits.Concurrency = 3
	var list []*tools.Tool
	for name, manner := range c.manners() {
		list = append(list, tool(name, manner, limits), tool(name+"_plain", manner))
	}
	opts := everyPolicy(Options{
		Concurrency: 8, Queue: 30, Timeout: 5 * time.Second, History: history.NewMemory(2 * chaosCalls),
	})
	opts.Allowance = func(string) Allowance { return Allowance{Concurrency: c.below(6), Queue: c.below(20) - 1} }
	if seed%2 == 1 {
		opts.Policies, opts.Before, opts.After, opts.Tracer = nil, nil, nil, nil
	}
	c.engine = newEngine(t, opts, list...)
	if c.engine.leaves != (seed%2 == 1) {
		t.Errorf("seed %d: jobs leave their goroutines: %t", seed, c.engine.leaves)
	}
	return c
}

// below returns a random number from 0 to n-1; it is safe for concurrent use.
func (c *chaos) below(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.random.IntN(n)
}

// some returns a random part of a time.
func (c *chaos) some(d time.Duration) time.Duration { return time.Duration(c.below(int(d))) }

// manners are what tools do.
func (c *chaos) manners() map[string]handlerFunc {
	return map[string]handlerFunc{
		"quick": echo,
		"obeys": obey,
		"slow": func(context.Context, *tools.Call) (*tools.Result, error) {
			time.Sleep(c.some(4 * time.Second))
			return tools.TextResult("slow"), nil
		},
		"stubborn": func(ctx context.Context, call *tools.Call) (*tools.Result, error) {
			return count(30, c.some(chaosStubborn)/30)(ctx, call)
		},
		"fails": func(context.Context, *tools.Call) (*tools.Result, error) { return nil, errors.New("broken") },
		"sorry": func(context.Context, *tools.Call) (*tools.Result, error) { return tools.ErrorResult("sorry"), nil },
		"panics": func(context.Context, *tools.Call) (*tools.Result, error) {
			time.Sleep(c.some(time.Second))
			panic("chaos")
		},
		"exits": func(context.Context, *tools.Call) (*tools.Result, error) {
			time.Sleep(c.some(time.Second))
			runtime.Goexit()
			return nil, nil
		},
		"silent": func(context.Context, *tools.Call) (*tools.Result, error) { return nil, nil },
	}
}

func (c *chaos) run(t *testing.T) {
	var names []string
	for entry := range c.engine.opts.Registry.Snapshot().All() {
		names = append(names, entry.Name)
	}
	end := time.Now().Add(chaosTime)
	for range chaosCalls {
		name := append(names, "none")[c.below(len(names)+1)]
		c.calls.Go(func() {
			time.Sleep(c.some(chaosTime))
			c.call(t, name)
		})
	}
	for time.Now().Before(end) {
		time.Sleep(c.some(10 * time.Second))
		c.engine.Adjust(c.limits())
		c.renew(t, names[c.below(len(names))])
		c.engine.Metrics()
	}
	c.stop(t)
}

// limits are any that let calls through.
func (c *chaos) limits() Options {
	return Options{
		InFlightBytes: int64(1000 + c.below(1000)), Concurrency: 1 + c.below(16), Queue: c.below(60), QueueBytes: int64(c.below(200)),
		Rate: tools.Rate{Count: c.below(200)}, CallerRate: tools.Rate{Count: c.below(100)}, RateWait: c.some(5 * time.Second),
		Breaker: tools.Breaker{Off: c.below(4) == 0, Failures: c.below(30), Window: c.some(time.Minute)}, RepeatFailures: c.below(20),
		Timeout: time.Second + c.some(chaosPatience-time.Second), IdleTimeout: c.some(20 * time.Second), QueueTimeout: c.some(time.Minute),
		Heartbeat: c.some(20*time.Second) - time.Second, ResultBytes: int64(c.below(100)),
		CacheEntries: c.below(20) - 1, CacheBytes: int64(c.below(10_000)),
	}
}

// renew registers a tool anew, with other limits.
func (c *chaos) renew(t *testing.T, name string) {
	old, _ := c.engine.opts.Registry.Snapshot().Lookup(name)
	anew := *old.Tool
	anew.Limits.Concurrency = c.below(4)
	if err := c.engine.opts.Registry.Replace([]string{name}, &anew); err != nil {
		t.Error(err)
	}
}

// call makes one call of a random kind, and checks that it is answered in time: soon after
// nobody waits for it any more.
func (c *chaos) call(t *testing.T, name string) {
	bound := c.some(chaosPatience)
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	begin, over := time.Now(), false
	req := &Request{
		Tool: name, Caller: fmt.Sprint("caller", c.below(chaosCallers)), Priority: Priority(c.below(3) - 1),
		Arguments: fmt.Appendf(nil, `{"n":%d}`, c.below(3)),
		OnProgress: func(tools.Progress) {
			if over {
				t.Error("progress after the answer")
			}
		},
	}
	way := c.below(5)
	switch way {
	case 0:
		leaves := c.some(5 * time.Second)
		bound = min(bound, leaves)
		defer time.AfterFunc(leaves, cancel).Stop()
		fallthrough
	case 1:
		_, _ = c.engine.Execute(ctx, req)
	case 2:
		for range c.engine.Stream(ctx, req) {
			if c.below(3) == 0 {
				break
			}
		}
	case 3:
		bound = chaosUnowned
		id, err := c.engine.Submit(ctx, req)
		if err == nil && c.below(2) == 0 {
			_ = c.engine.Cancel(id)
		}
		_, _ = c.engine.Wait(context.WithoutCancel(ctx), id)
	case 4:
		bound = c.job(ctx, req)
	}
	over = true
	c.answers.Add(1)
	if took := time.Since(begin); took > bound+chaosGrace {
		t.Errorf("a call of %s in way %d was answered after %v, its bound is %v", name, way, took, bound)
	}
}

// job makes one call by a job, under a context that ends or one that does not, and returns
// when it was to be cancelled.
func (c *chaos) job(ctx context.Context, req *Request) time.Duration {
	if c.below(4) > 0 {
		ctx = context.WithoutCancel(ctx)
	}
	ended := make(chan struct{})
	done := func(*tools.Result, error) { close(ended) }
	job := c.engine.Job(ctx, req)
	if c.below(2) == 0 {
		job.Start(done)
	} else {
		c.calls.Go(func() { job.Run(done) })
	}
	bound := c.some(30 * time.Second)
	defer time.AfterFunc(bound, func() { job.Cancel(errors.New("chaos")) }).Stop()
	<-ended
	return bound
}

// stop drains in the midst of it all, and checks what is left.
func (c *chaos) stop(t *testing.T) {
	for i := range 3 {
		c.calls.Go(func() { _ = c.engine.Drain(within(t, time.Duration(i)*time.Second)) })
	}
	c.calls.Wait()
	time.Sleep(chaosStubborn)
	synctest.Wait()
	ids := map[string]int{}
	for _, r := range records(c.engine) {
		ids[r.ID]++
	}
	if n := c.answers.Load(); n != chaosCalls || len(ids) != chaosCalls || len(records(c.engine)) != chaosCalls {
		t.Errorf("%d answers, %d ids in %d records", n, len(ids), len(records(c.engine)))
	}
	if m := c.engine.Metrics(); m.Total.Calls != chaosCalls {
		t.Errorf("%d calls counted: %+v", m.Total.Calls, m.Total.Failed)
	} else {
		t.Logf("%d started, %d succeeded, %v", m.Total.Started, m.Total.Succeeded, m.Total.Failed)
	}
	checkAtRest(t, c.engine)
}
