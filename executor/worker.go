package executor

import "sync"

// workers are goroutines that run one task after the other. A new goroutine begins with
// a small stack, and to grow that to what the validation of arguments or a handler needs
// costs more than all the rest of a short call. The idle ones stay for as long as
// somebody holds the workers.
type workers struct {
	tasks chan task // to idle workers; nil sends one away

	mu      sync.Mutex
	holders int // guarded by mu
	idle    int // guarded by mu; those that were not promised a task yet
}

// A task is what a worker runs.
type task interface{ run() }

// maxIdle is how many workers may be idle. It bounds the memory of their stacks.
const maxIdle = 256

func newWorkers() *workers { return &workers{tasks: make(chan task, maxIdle)} }

// start runs the task on a worker that is idle, or else on a new one.
func (w *workers) start(t task) {
	w.mu.Lock()
	rested := w.idle > 0
	if rested {
		w.idle--
	}
	w.mu.Unlock()
	if rested {
		w.tasks <- t
	} else {
		go w.work(t)
	}
}

func (w *workers) work(t task) {
	for t != nil {
		t.run()
		t = w.rest()
	}
}

// rest waits for the next task; it returns nil where none is to be waited for.
func (w *workers) rest() task {
	w.mu.Lock()
	stays := w.holders > 0 && w.idle < maxIdle
	if stays {
		w.idle++
	}
	w.mu.Unlock()
	if !stays {
		return nil
	}
	return <-w.tasks
}

func (w *workers) hold() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.holders++
}

// release ends what hold began. The last one sends the idle workers away.
func (w *workers) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.holders--
	if w.holders > 0 {
		return
	}
	for ; w.idle > 0; w.idle-- {
		w.tasks <- nil // there is room: at most maxIdle are promised anything
	}
}

// Spawn runs f on a goroutine, one of those that KeepReady keeps where there is one. It is
// for the errands of a server, which need the stacks that these have grown.
func (e *Engine) Spawn(f func()) { e.workers.start(errand(f)) }

type errand func()

func (f errand) run() { f() }

// KeepReady keeps the goroutines of calls that have ended for those to come, and for Spawn,
// 256 at most, until the function that it returns is called, once. It makes many short
// calls cheaper; a server has it in force while clients are connected. Without it an engine
// has no goroutine between two calls.
func (e *Engine) KeepReady() (release func()) {
	e.workers.hold()
	return e.workers.release
}
