package executor

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/sluice-dev/sluice/tools"
)

// TestResize checks that the sizes change while calls run and wait: those who wait have
// the new slots at once, and nobody is stopped for fewer.
func TestResize(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, Options{Concurrency: 1, Queue: 4}, tool("t", until(release)))
		var done []<-chan error
		for range 5 {
			done = append(done, start(e, t.Context(), "t"))
		}
		for _, size := range []struct {
			concurrency, queue int
			running, waiting   int
			refuses            bool
		}{{1, 4, 1, 4, true}, {1, 5, 1, 4, false}, {3, 2, 3, 3, true}, {2, 9, 3, 3, false}, {1, -1, 3, 4, true}, {-1, 0, 3, 4, false}, {0, 0, 8, 0, false}} {
			e.Resize(size.concurrency, size.queue, 0)
			synctest.Wait()
			q := e.Metrics().Queue
			if q.Running != size.running || q.Waiting != size.waiting {
				t.Errorf("%+v: %d run, %d wait", size, q.Running, q.Waiting)
			}
			answer := start(e, t.Context(), "t")
			synctest.Wait()
			if len(answer) == 1 != size.refuses {
				t.Errorf("%+v: refused: %v", size, !size.refuses)
			}
			if size.refuses {
				wantKind(t, <-answer, KindOverloaded, ErrQueueFull)
			} else {
				done = append(done, answer)
			}
		}
		close(release)
		for _, d := range done {
			if err := <-d; err != nil {
				t.Error(err)
			}
		}
	})
}

// TestResizeOfATool checks that those who wait for a tool have the slots that it was
// registered anew with, and end on the tool that they were called on.
func TestResizeOfATool(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		old := tool("t", until(release))
		old.Limits.Concurrency = 1
		registry := &tools.Registry{}
		if err := registry.Add(old); err != nil {
			t.Fatal(err)
		}
		e := New(Options{Registry: registry})
		var done []<-chan error
		for range 5 {
			done = append(done, start(e, t.Context(), "t"))
		}
		synctest.Wait()
		for _, size := range []struct{ concurrency, running int }{{3, 3}, {2, 3}, {0, 5}} {
			next := tool("t", func(context.Context, *tools.Call) (*tools.Result, error) { panic("the new one is called") })
			next.Limits.Concurrency = size.concurrency
			if err := registry.Replace([]string{"t"}, next); err != nil {
				t.Fatal(err)
			}
			e.Resize(0, 0, 0)
			synctest.Wait()
			if q := e.Metrics().Queue; q.Running != size.running || q.Waiting != 5-size.running {
				t.Errorf("of %d slots: %d run, %d wait", size.concurrency, q.Running, q.Waiting)
			}
		}
		close(release)
		for _, d := range done {
			if err := <-d; err != nil {
				t.Error(err)
			}
		}
	})
}
