package upstream

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/sluice-dev/sluice/tools"
)

// A catalogue is what an upstream has in the registry: its tools as they were listed
// last, without those that cannot be served or are in quarantine.
type catalogue struct {
	owner *Upstream

	mu        sync.Mutex         // guards what follows, and is held while the registry changes
	closed    bool               // nothing is served any more
	listed    []Tool             // last
	served    map[string]*served // by the name in the registry
	complaint string             // about the last list
	pins      pinning
}

// served is a tool in the registry.
type served struct {
	raw  []byte // as it was listed
	tool *tools.Tool
}

// take has the registry follow a list.
func (c *catalogue) take(listed []Tool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.listed = listed
	c.publish(c.pins.inspect(c.owner, listed))
}

// acceptLate looks whether what is in quarantine has been accepted.
func (c *catalogue) acceptLate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed && c.pins.changed(c.owner) {
		c.publish(c.pins.inspect(c.owner, c.listed))
	}
}

// close takes all tools out of the registry, for good.
func (c *catalogue) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.publish(nil)
}

// publish changes the registry in one go, and in it only what has changed. The caller
// holds mu.
func (c *catalogue) publish(listed []Tool) {
	next := make(map[string]*served, len(listed))
	var added []*tools.Tool
	var left []error
	for _, tool := range listed {
		name := c.owner.spec.Prefix + tool.Name
		if old := c.served[name]; old != nil && bytes.Equal(old.raw, tool.Raw) {
			next[name] = old
			continue
		}
		made, err := c.owner.tool(tool)
		if err != nil {
			left = append(left, err)
			continue
		}
		next[name] = &served{raw: tool.Raw, tool: made}
		added = append(added, made)
	}
	left = append(left, c.owner.registry.Replace(c.outdated(next), added...))
	c.drop(next)
	c.served = next
	c.complain(errors.Join(left...))
	quarantined := slices.Clone(c.pins.quarantined)
	c.owner.change(func(s *Status) { s.Tools, s.Quarantined = len(next), quarantined })
}

// outdated returns the names of the tools that leave the registry, be it for another of
// the same name.
func (c *catalogue) outdated(next map[string]*served) []string {
	var gone, changed []string
	for name, old := range c.served {
		if next[name] == old {
			continue
		}
		gone = append(gone, name)
		if next[name] != nil {
			changed = append(changed, name)
		}
	}
	if len(changed) > 0 {
		slices.Sort(changed)
		c.owner.log.Warn("tools of the server are not what they were", "count", len(changed), "tools", some(changed))
	}
	return gone
}

// drop takes out of next what the registry has refused.
func (c *catalogue) drop(next map[string]*served) {
	snapshot := c.owner.registry.Snapshot()
	maps.DeleteFunc(next, func(name string, s *served) bool {
		entry, ok := snapshot.Lookup(name)
		return !ok || entry.Tool != s.tool
	})
}

// complain logs why tools are left out, unless that is known already.
func (c *catalogue) complain(err error) {
	text := ""
	if err != nil {
		text = err.Error()
		text = text[:min(len(text), 2<<10)]
	}
	if text != "" && text != c.complaint {
		c.owner.log.Warn("some tools of the server are left out", "error", text)
	}
	c.complaint = text
}

// some returns the first of many names, for the log.
func some(names []string) []string { return names[:min(len(names), 10)] }

// last returns the tools as they were listed last.
func (c *catalogue) last() []Tool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.listed
}
