package command

import (
	"slices"

	"github.com/sluice-dev/sluice/tools"
)

// NewWithout is New on a machine that lacks some layers.
func NewWithout(spec Spec, without ...string) (*tools.Tool, error) {
	tool, err := New(spec)
	if err != nil {
		return nil, err
	}
	m := *containment()
	m.layers = slices.DeleteFunc(slices.Clone(m.layers), func(l Layer) bool { return slices.Contains(without, l.Name) })
	for _, name := range without {
		switch name {
		case LayerShim:
			m.shim = false
		case LayerNamespaces:
			m.cloning, m.mount, m.network = 0, false, false
		case LayerNetwork:
			m.network = false
		case LayerIsolation:
			m.landlock = 0
		}
	}
	tool.Handler.(*program).machine = func() *machine { return &m }
	return tool, nil
}

// LocateCgroup returns where cgroup v2 is mounted, and which cgroup is ours.
func LocateCgroup() (mount, own, problem string) { return locateCgroup() }
