package identity

import (
	"maps"
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
)

// Permissions are what a caller may do.
type Permissions struct {
	// Tools are those that it may see and call.
	Tools Tools
	// Allowance is what it may use of the engine.
	Allowance executor.Allowance
	// Admin says that it may see and end the calls of all.
	Admin bool
}

// unbounded is what may be done by whom nothing is said of.
var unbounded = &Permissions{Tools: NewTools(nil)}

// Callers know what each caller may do. They never change.
type Callers struct {
	named    map[string]*Permissions
	patterns []pattern
}

type pattern struct {
	name        string
	permissions *Permissions
}

// NewCallers returns those of a config that was checked.
func NewCallers(auth *config.Auth) *Callers {
	c := &Callers{named: map[string]*Permissions{}}
	for i := range auth.Callers {
		p := newPermissions(&auth.Callers[i].Permissions)
		if name := auth.Callers[i].Name; strings.Contains(name, "*") {
			c.patterns = append(c.patterns, pattern{name, p})
		} else {
			c.named[name] = p
		}
	}
	for i := range auth.Tokens {
		if t := &auth.Tokens[i]; t.Stated() {
			c.named[t.Name] = newPermissions(&t.Permissions)
		}
	}
	return c
}

func newPermissions(p *config.Permissions) *Permissions {
	made := &Permissions{Admin: p.Admin, Allowance: executor.Allowance{
		Rate: tools.Rate(p.Rate), Concurrency: p.Concurrency, Queue: int(p.Queue.Value),
	}}
	if p.Priority != "" {
		priority, err := executor.ParsePriority(p.Priority)
		if err != nil {
			panic(err) // the config was checked
		}
		made.Allowance.Priority = &priority
	}
	var patterns []string
	if p.Tools != nil {
		patterns = []string{}
	}
	for _, pattern := range p.Tools {
		patterns = append(patterns, string(pattern))
	}
	made.Tools = NewTools(patterns)
	return made
}

// Know reports whether anything is said of a caller.
func (c *Callers) Know(name string) bool { return c.Of(name) != unbounded }

// Of returns what a caller may do. One without a name is the user of this machine, who has
// started the server to speak with it alone, and may do anything.
func (c *Callers) Of(name string) *Permissions {
	if p := c.named[name]; p != nil {
		return p
	}
	if name != "" {
		for _, p := range c.patterns {
			if match(p.name, name) {
				return p.permissions
			}
		}
	}
	return unbounded
}

// Widened returns the callers whose own entry says nothing of tools, so that they may call
// all, where a pattern that fits them would have held them to some: an entry with the whole
// name takes the place of the pattern, and nothing from it.
func Widened(auth *config.Auth) (names []string) {
	c := NewCallers(auth)
	for _, name := range slices.Sorted(maps.Keys(c.named)) {
		if !c.named[name].Tools.all {
			continue
		}
		for _, p := range c.patterns {
			if match(p.name, name) {
				if !p.permissions.Tools.all {
					names = append(names, name)
				}
				break // the first that fits counts
			}
		}
	}
	return names
}
