package tools

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sluice-dev/sluice/schema"
)

// ErrDuplicate is wrapped by the error of [Registry.Add] for a name that is taken.
var ErrDuplicate = errors.New("a tool of this name exists")

// An Entry is a registered tool with its schemas compiled.
type Entry struct {
	*Tool
	// Input is the compiled input schema.
	Input *schema.Schema
	// Output is the compiled output schema; nil where the tool declares none.
	Output *schema.Schema
}

// A Registry holds tools by name. The zero value is empty and ready. It is
// copy-on-write: a reader takes a [Snapshot] with one atomic load and is never held
// up by a writer. All methods are safe for concurrent use.
type Registry struct {
	current atomic.Pointer[Snapshot]

	mu          sync.Mutex // serialises writers; guards subscribers
	subscribers map[*func()]struct{}
}

// A Snapshot is the set of tools at one moment. It never changes.
type Snapshot struct {
	byName map[string]*Entry
	sorted []*Entry // by name
}

var emptySnapshot = &Snapshot{}

// Snapshot returns the tools as they are now.
func (r *Registry) Snapshot() *Snapshot {
	if s := r.current.Load(); s != nil {
		return s
	}
	return emptySnapshot
}

// Add registers tools. One that cannot be served (its name is taken or not a name,
// it has no handler, a schema does not compile) is left out, and the error, joined
// from one error for each such tool, says why; the others are in. Subscribers are
// told once.
func (r *Registry) Add(tools ...*Tool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.Snapshot()
	next := make(map[string]*Entry, len(old.byName)+len(tools))
	for name, entry := range old.byName {
		next[name] = entry
	}
	var left []error
	for _, tool := range tools {
		entry, err := newEntry(tool)
		if err == nil && next[tool.Name] != nil {
			err = ErrDuplicate
		}
		if err != nil {
			left = append(left, fmt.Errorf("tool %q: %w", tool.Name, err))
			continue
		}
		next[tool.Name] = entry
	}
	r.publish(next, len(next) != len(old.byName))
	return errors.Join(left...)
}

// Remove takes out the tools of these names; a name that is not registered is
// passed over. Calls that run go on. Subscribers are told once.
func (r *Registry) Remove(names ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.Snapshot()
	next := make(map[string]*Entry, len(old.byName))
	for name, entry := range old.byName {
		if !slices.Contains(names, name) {
			next[name] = entry
		}
	}
	r.publish(next, len(next) != len(old.byName))
}

// publish makes byName the current snapshot. The caller holds r.mu.
func (r *Registry) publish(byName map[string]*Entry, changed bool) {
	if !changed {
		return
	}
	sorted := make([]*Entry, 0, len(byName))
	for _, entry := range byName {
		sorted = append(sorted, entry)
	}
	slices.SortFunc(sorted, func(a, b *Entry) int { return strings.Compare(a.Name, b.Name) })
	r.current.Store(&Snapshot{byName: byName, sorted: sorted})
	for notify := range r.subscribers {
		(*notify)()
	}
}

// Subscribe has changed called once after each change of the set of tools, until
// cancel is called. It is called while the writer waits, so it must not block and
// must not change the registry.
func (r *Registry) Subscribe(changed func()) (cancel func()) {
	key := &changed
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.subscribers == nil {
		r.subscribers = map[*func()]struct{}{}
	}
	r.subscribers[key] = struct{}{}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.subscribers, key)
	}
}

// Lookup returns the tool of this name.
func (s *Snapshot) Lookup(name string) (*Entry, bool) {
	entry, ok := s.byName[name]
	return entry, ok
}

// Len returns how many tools there are.
func (s *Snapshot) Len() int { return len(s.sorted) }

// All yields the tools in the order of their names.
func (s *Snapshot) All() iter.Seq[*Entry] { return slices.Values(s.sorted) }

// After returns at most limit tools whose names come after name, in order, and
// whether there are more behind them. The empty name is before all others. Callers
// must not change the slice.
func (s *Snapshot) After(name string, limit int) (page []*Entry, more bool) {
	start, found := slices.BinarySearchFunc(s.sorted, name, func(e *Entry, name string) int {
		return strings.Compare(e.Name, name)
	})
	if found {
		start++
	}
	end := min(start+limit, len(s.sorted))
	return s.sorted[start:end], end < len(s.sorted)
}
