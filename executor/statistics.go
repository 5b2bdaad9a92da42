package executor

import (
	"sync"
	"sync/atomic"

	"github.com/sluice-dev/sluice/tools"
)

// statistics has the state of each tool by its name, and of the callers. It is bounded by
// the registry: the state of a tool that is gone is folded into the rest once there are
// more than maxGone of them, and names that never were registered share one state, so
// that a caller cannot fill the memory with names.
type statistics struct {
	registry *tools.Registry
	unknown  tally
	callers  callers

	mu    sync.RWMutex // guards all below
	tools map[string]*toolState
	gone  Counts
}

const maxGone = 64

// toolState is what the engine holds of one tool.
type toolState struct {
	name    string
	lane    lane         // belongs to the queue, under its lock
	rate    bucket       // belongs to the rates, under their lock
	users   atomic.Int64 // executions that point here
	circuit circuit
	quick   quickness

	adaptive atomic.Pointer[adaptive] // nil until a call needs it

	tally
	abandoned atomic.Int64 // now
}

func newStatistics(registry *tools.Registry) *statistics {
	return &statistics{registry: registry, tools: map[string]*toolState{}}
}

// take returns the state of the tool with one user more.
func (s *statistics) take(name string) *toolState {
	s.mu.RLock()
	t := s.tools[name]
	if t != nil {
		t.users.Add(1)
	}
	s.mu.RUnlock()
	if t == nil {
		t = s.make(name)
	}
	return t
}

func (s *statistics) make(name string) *toolState {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tools[name]
	if t == nil {
		s.fold()
		t = &toolState{name: name}
		s.tools[name] = t
	}
	t.users.Add(1)
	return t
}

// fold gives up the states of tools that are gone, where they are many. The caller
// holds s.mu, so that no state gets its first user meanwhile.
func (s *statistics) fold() {
	known := s.registry.Snapshot()
	if len(s.tools) <= known.Len()+maxGone {
		return
	}
	for name, t := range s.tools {
		if _, ok := known.Lookup(name); ok || t.users.Load() > 0 {
			continue
		}
		counts := t.read()
		s.gone.Add(&counts)
		delete(s.tools, name)
	}
}

// all returns the state of each tool, and the counts of what belongs to none.
func (s *statistics) all() ([]*toolState, Counts) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	states := make([]*toolState, 0, len(s.tools))
	for _, t := range s.tools {
		states = append(states, t)
	}
	rest := s.unknown.read()
	rest.Add(&s.gone)
	return states, rest
}

// count counts a call that has ended; t is nil where it had no tool.
func (s *statistics) count(t *toolState, r *Record) {
	if t != nil {
		t.count(r)
	} else {
		s.unknown.count(r)
	}
	if r.Caller != "" {
		s.callers.count(r)
	}
}

// read returns the counts, without those that the queue's lock guards.
func (t *toolState) read() Counts {
	c := t.tally.read()
	c.Abandoned = int(t.abandoned.Load())
	c.Adaptive = t.adaptive.Load().read()
	return c
}
