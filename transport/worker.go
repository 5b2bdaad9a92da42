package transport

import "sync"

// workers are goroutines that run one call after the other. A new goroutine begins with
// a small stack, and to grow that to what the validation of arguments needs costs more
// than all the rest of a short call. The idle ones stay for as long as somebody holds
// the workers, which every connection does.
type workers struct {
	tasks chan func() // to idle workers; nil sends one away

	mu      sync.Mutex
	holders int // guarded by mu
	idle    int // guarded by mu; those that were not promised a task yet
}

// maxIdle is how many workers may be idle. It bounds the memory of their stacks.
const maxIdle = 256

func newWorkers() *workers { return &workers{tasks: make(chan func(), maxIdle)} }

// start runs the task on a worker that is idle, or else on a new one.
func (w *workers) start(task func()) {
	w.mu.Lock()
	rested := w.idle > 0
	if rested {
		w.idle--
	}
	w.mu.Unlock()
	if rested {
		w.tasks <- task
	} else {
		go w.work(task)
	}
}

func (w *workers) work(task func()) {
	for task != nil {
		task()
		task = w.rest()
	}
}

// rest waits for the next task; it returns nil where none is to be waited for.
func (w *workers) rest() func() {
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
