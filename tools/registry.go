package tools

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// ErrDuplicate is wrapped by the error of [Registry.Add] for a name that is taken.
var ErrDuplicate = errors.New("a tool of this name exists")

// A Registry holds tools by name. The zero value is empty and ready. It is
// copy-on-write: a reader takes a [Snapshot] with one atomic load and is never held
// up by a writer. All methods are safe for concurrent use.
type Registry struct {
	current atomic.Pointer[Snapshot]

	mu          sync.Mutex // serialises writers; guards what follows
	subscribers []*func()
	together    int  // changes that run and are to be told as one
	untold      bool // something was published meanwhile
}

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
// told once, and not where nothing is added.
func (r *Registry) Add(tools ...*Tool) error { return r.Replace(nil, tools...) }

// Replace takes out the tools of these names, as Remove does, and registers others, as
// Add does, in one change: no reader sees the one without the other, and subscribers
// are told once. A tool may take the name of one that is taken out; where it cannot be
// served, that name is free.
func (r *Registry) Replace(names []string, tools ...*Tool) error {
	entries, left := newEntries(tools)
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.Snapshot()
	next := old.without(names)
	added := entries[:0]
	for _, entry := range entries {
		if _, taken := next.Lookup(entry.Name); taken {
			left = append(left, refused(entry.Tool, ErrDuplicate))
			continue
		}
		added = append(added, entry)
	}
	if len(added) > 0 || next.Len() != old.Len() {
		r.publish(next.with(added))
	}
	return errors.Join(left...)
}

// newEntries checks tools and compiles their schemas, which needs no lock. The result
// is sorted by name, each name once.
func newEntries(tools []*Tool) (entries []*Entry, left []error) {
	names := map[string]bool{}
	for _, tool := range tools {
		entry, err := newEntry(tool)
		if err == nil && names[tool.Name] {
			err = ErrDuplicate
		}
		if err != nil {
			left = append(left, refused(tool, err))
			continue
		}
		names[tool.Name] = true
		entries = append(entries, entry)
	}
	slices.SortFunc(entries, func(a, b *Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries, left
}

func refused(tool *Tool, err error) error {
	if tool == nil {
		return err
	}
	return fmt.Errorf("tool %.*q: %w", maxNameLength, tool.Name, err)
}

// Remove takes out the tools of these names; a name that is not registered is
// passed over. Calls that run go on. Subscribers are told once, and not where nothing
// is removed.
func (r *Registry) Remove(names ...string) {
	_ = r.Replace(names) // nothing is added that could fail
}

// Together runs change, and tells subscribers once, when it has returned, of all that was
// changed meanwhile, by it or by others. Readers see each change when it is made.
func (r *Registry) Together(change func()) {
	r.mu.Lock()
	r.together++
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.together--
		if r.untold {
			r.tell()
		}
	}()
	change()
}

// publish makes next the current snapshot. The caller holds r.mu.
func (r *Registry) publish(next *Snapshot) {
	r.current.Store(next)
	r.tell()
}

// tell tells the subscribers, or leaves that to Together. The caller holds r.mu.
func (r *Registry) tell() {
	if r.untold = r.together > 0; r.untold {
		return
	}
	for _, changed := range r.subscribers {
		(*changed)()
	}
}

// Subscribe has changed called once after each change of the set of tools, until
// cancel is called. It is called while the writer waits, after the change can be
// seen, in the order of subscription, so it must not block and must not change the
// registry nor cancel. After cancel has returned it is not called again. Cancel may be
// called any number of times.
func (r *Registry) Subscribe(changed func()) (cancel func()) {
	subscriber := &changed
	r.mu.Lock()
	defer r.mu.Unlock()
	r.subscribers = append(r.subscribers, subscriber)
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.subscribers = slices.DeleteFunc(r.subscribers, func(s *func()) bool { return s == subscriber })
	}
}
