package executor

import (
	"sync"
	"testing"
	"testing/synctest"
)

type taskFunc func()

func (f taskFunc) run() { f() }

// TestWorkers checks that there are no more workers than tasks at once, that the idle
// ones stay while they are held, no more than maxIdle, and end with the last holder.
func TestWorkers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // which fails where a goroutine is left
		w := newWorkers()
		w.hold()
		w.hold()
		for _, test := range []struct{ tasks, idle int }{{1, 1}, {3, 3}, {1, 3}, {maxIdle + 10, maxIdle}} {
			for range 3 {
				var tasks sync.WaitGroup
				release := make(chan struct{})
				tasks.Add(test.tasks)
				for range test.tasks {
					w.start(taskFunc(func() { <-release; tasks.Done() }))
				}
				close(release)
				tasks.Wait()
				synctest.Wait()
			}
			if w.idle != test.idle {
				t.Errorf("after %d tasks at once %d workers are idle, want %d", test.tasks, w.idle, test.idle)
			}
		}
		w.release()
		if w.idle != maxIdle {
			t.Errorf("%d workers are idle while they are held", w.idle)
		}
		w.release()
		w.start(taskFunc(func() {})) // ends by itself
		synctest.Wait()
		if w.idle != 0 {
			t.Errorf("%d workers are idle where nobody holds them", w.idle)
		}
	})
}

// BenchmarkWorkers compares a worker with a new goroutine, for a task that needs some
// stack.
func BenchmarkWorkers(b *testing.B) {
	w := newWorkers()
	w.hold()
	defer w.release()
	done := make(chan struct{})
	needy := taskFunc(func() { needStack(20); done <- struct{}{} })
	for name, start := range map[string]func(task){
		"worker": w.start, "goroutine": func(t task) { go t.run() },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				start(needy)
				<-done
			}
		})
	}
}

//go:noinline
func needStack(depth int) byte {
	var frame [256]byte
	frame[depth] = 1
	if depth == 0 {
		return frame[0]
	}
	return needStack(depth-1) + frame[depth]
}
