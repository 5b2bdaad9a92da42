package upstream

import "sync"

// A tally counts what runs. It can be waited for while more may begin, as a WaitGroup
// cannot.
type tally struct {
	mu   sync.Mutex
	n    int           // guarded by mu
	none chan struct{} // guarded by mu; closed when n falls to 0, nil where nobody waits
}

func (t *tally) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
}

func (t *tally) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n--; t.n == 0 && t.none != nil {
		close(t.none)
		t.none = nil
	}
}

// idle returns what is closed when nothing runs, now or later.
func (t *tally) idle() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == 0 {
		none := make(chan struct{})
		close(none)
		return none
	}
	if t.none == nil {
		t.none = make(chan struct{})
	}
	return t.none
}
