package httpcall

import "sync"

const (
	// share is how many first attempts pay for one retry: retries are 10 % of them.
	share = 10
	// reserve is how many retries may be saved up, and how many there are at first.
	reserve = 5
)

// A budget pays for retries out of attempts, so that a server that is down is not sent
// much more than its clients ask for, just when it can bear it least. It is safe for
// concurrent use.
type budget struct {
	mu    sync.Mutex
	spent int // of reserve*share; guarded by mu
}

// earn counts a first attempt.
func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent = max(b.spent-1, 0)
}

// spend pays for a retry; false where there is not enough.
func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spent+share > reserve*share {
		return false
	}
	b.spent += share
	return true
}
