package executor

import (
	"sync/atomic"
	"time"
)

// Quick reports whether calls of the job's tool have lately ended in less time than it takes
// to hand one to another goroutine: then Run costs less than Start, for whoever can bear
// that one of them takes long after all.
func (j *Job) Quick() bool {
	if j.engine.opts.AuditRequired { // it waits for the disk
		return false
	}
	q := j.engine.stats.quickness(j.x.Call.Tool)
	return q != nil && q.is()
}

// NotQuick says that the job has not ended in such a time, to whoever waits for the end of
// Run. It is known without that only when the handler returns, which may be never.
func (j *Job) NotQuick() {
	if q := j.engine.stats.quickness(j.x.Call.Tool); q != nil {
		q.end()
	}
}

const (
	// quickTime is for how long at most a quick call holds its slot. To wake a goroutine, and
	// the processor that it runs on, takes about as long.
	quickTime = 10 * time.Microsecond
	// slowTime is from when on a call was more than interrupted by the system.
	slowTime = time.Millisecond
	// quickScore is how many quick calls in a row make a tool quick.
	quickScore = 32
)

// A quickness tells whether the calls of a tool are quick. A call that is adds 1 to the score,
// up to twice what is needed, and one that is not takes 16 off it, since the system
// interrupts one in some hundreds; one that was slow or had to wait ends it.
type quickness struct{ score atomic.Int32 }

func (q *quickness) is() bool { return q.score.Load() >= quickScore }

// took takes note of a call. It writes nothing where that makes no difference, as mostly.
func (q *quickness) took(held time.Duration) {
	score := q.score.Load()
	next := score
	switch {
	case held < quickTime:
		next = min(score+1, 2*quickScore)
	case held < slowTime:
		next = max(score-quickScore/2, 0)
	default:
		next = 0
	}
	if next != score {
		q.score.Store(next)
	}
}

func (q *quickness) end() { q.score.Store(0) }

// quickness returns that of a tool; nil where it was not called.
func (s *statistics) quickness(tool string) *quickness {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if t := s.tools[tool]; t != nil {
		return &t.quick
	}
	return nil
}
