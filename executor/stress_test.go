package executor

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/tools"
)

// TestDrainStress starts and stops 50 engines in each of ten goroutines. Calls of each
// kind come and go at random, while the engine is drained early, late, twice and at
// once. Each caller is answered exactly once, each call has one record, and at the end
// nothing is left.
func TestDrainStress(t *testing.T) {
	t.Parallel()
	var workers sync.WaitGroup
	for seed := range uint64(10) {
		workers.Go(func() {
			random := rand.New(rand.NewPCG(seed, 50))
			for range 50 {
				stressDrain(t, random)
			}
		})
	}
	workers.Wait()
}

// drainStress is one engine of the stress.
type drainStress struct {
	engine  *Engine
	callers sync.WaitGroup
	answers atomic.Int64
}

func stressDrain(t *testing.T, random *rand.Rand) {
	const calls = 12
	s := &drainStress{}
	s.engine = newEngine(t, Options{Concurrency: 1 + random.IntN(4), AbandonGrace: -1, History: history.NewMemory(100)}, tool("t", s.handle))
	early := random.IntN(calls)
	for i := range calls {
		kind, yields := random.IntN(6), random.IntN(20)
		s.callers.Go(func() { s.call(t, kind, yields) })
		if i == early || i == calls-1 || random.IntN(calls) == 0 {
			patience := time.Duration(random.IntN(300)) * time.Microsecond
			s.callers.Go(func() { s.drain(t, patience) })
		}
	}
	s.callers.Wait()
	s.drain(t, time.Minute)
	for len(s.engine.InFlight()) > 0 { // handlers that were abandoned
		runtime.Gosched()
	}
	if n := s.answers.Load(); n != calls || len(s.ids()) != calls {
		t.Errorf("%d answers and %d records of %d calls", n, len(s.ids()), calls)
	}
	checkAtRest(t, s.engine)
}

// ids returns the ids of the calls that left a record.
func (s *drainStress) ids() map[string]bool {
	ids := map[string]bool{}
	for _, r := range records(s.engine) {
		ids[r.ID] = true
	}
	return ids
}

// handle obeys at once, late, or never needs to.
func (s *drainStress) handle(ctx context.Context, call *tools.Call) (*tools.Result, error) {
	tools.Report(ctx, tools.Progress{Done: 1})
	switch call.ID[len(call.ID)-1] % 3 {
	case 0:
		return obey(ctx, call)
	case 1:
		_, _ = obey(ctx, call)
		for range 100 {
			runtime.Gosched()
		}
	}
	return tools.TextResult(""), nil
}

// call makes one call, in one of six ways, and counts its answer.
func (s *drainStress) call(t *testing.T, kind, yields int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for range yields {
		runtime.Gosched()
	}
	var err error
	req := &Request{Tool: "t", Caller: "ada", OnProgress: func(tools.Progress) {}}
	switch kind {
	case 0:
		_, err = s.engine.Execute(ctx, req)
	case 1: // leaves
		time.AfterFunc(100*time.Microsecond, cancel)
		_, err = s.engine.Execute(ctx, req)
	case 2:
		for _, err = range s.engine.Stream(ctx, req) {
			runtime.Gosched()
		}
	case 3:
		var id string
		if id, err = s.engine.Submit(ctx, req); err == nil {
			_, err = s.engine.Wait(context.Background(), id)
		}
	case 4, 5:
		ended := make(chan error)
		job := s.engine.Job(context.Background(), req)
		go job.Run(func(_ *tools.Result, err error) { ended <- err })
		if kind == 5 {
			time.AfterFunc(100*time.Microsecond, func() { job.Cancel(context.Canceled) })
		}
		err = <-ended
	}
	s.answers.Add(1)
	if err != nil && !errors.Is(err, ErrShuttingDown) && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// drain drains with so much patience; all it may complain of is what it cancelled.
func (s *drainStress) drain(t *testing.T, patience time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var result *DrainError
	if err := s.engine.Drain(ctx); err != nil && (!errors.As(err, &result) || result.Unanswered > 0) {
		t.Error(err)
	}
	if !s.engine.Draining() {
		t.Error("not draining")
	}
}
