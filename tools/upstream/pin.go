package upstream

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools/internal/display"
)

// pinPoll is how soon a change of the pin file is seen while a tool is in quarantine.
const pinPoll = 5 * time.Second

// fingerprint returns a digest of what a model is told of a tool: its name, title and
// description, its schemas and its annotations, as RFC 8785 writes them.
func fingerprint(t *Tool) string {
	text, err := jsonv2.Marshal(struct {
		Name, Title, Description string
		Input, Output            jsontext.Value
		Annotations              any
	}{t.Name, t.Title, t.Description, jsontext.Value(t.InputSchema), orNull(jsontext.Value(t.OutputSchema)), t.Annotations})
	canonical := jsontext.Value(text)
	if err == nil {
		err = canonical.Canonicalize()
	}
	if err != nil {
		return "none" // fits no pin; what was decoded can be encoded
	}
	digest := sha256.Sum256(canonical)
	return "sha256:" + hex.EncodeToString(digest[:])
}

func orNull(value jsontext.Value) jsontext.Value {
	if len(value) == 0 {
		return jsontext.Value("null")
	}
	return value
}

func fingerprints(listed []Tool) map[string]string {
	prints := make(map[string]string, len(listed))
	for i := range listed {
		prints[listed[i].Name] = fingerprint(&listed[i])
	}
	return prints
}

// pinning compares what a server lists with its pins. It belongs to a catalogue.
type pinning struct {
	known       map[string]string // pins, as they were read last
	quarantined []string          // names of tools that they keep out
}

// inspect returns the tools that are as they were when the server was first seen. Where
// it has not been seen, they are pinned as they are.
func (p *pinning) inspect(u *Upstream, listed []Tool) []Tool {
	file := u.spec.Pins
	if file == nil {
		return listed
	}
	before := len(p.quarantined)
	p.quarantined = nil
	var err error
	if p.known, err = file.Load(u.spec.Name); err != nil {
		u.log.Error("no tool of the server is served: its pins cannot be read", "error", err)
		return nil
	}
	if p.known == nil && len(listed) > 0 {
		p.known = fingerprints(listed)
		if err := file.Save(u.spec.Name, p.known); err != nil {
			u.log.Error("the pins cannot be written: changes will not be seen after a restart", "error", err)
		}
		return listed
	}
	var same []Tool
	for i := range listed {
		if pin, ok := p.known[listed[i].Name]; ok && pin == fingerprint(&listed[i]) {
			same = append(same, listed[i])
		} else {
			p.quarantined = append(p.quarantined, listed[i].Name)
		}
	}
	if n := len(p.quarantined); n > 0 && n != before {
		u.log.Warn("tools are kept in quarantine: they are not what was pinned; `sluice pin` accepts them",
			"count", n, "tools", some(p.quarantined))
	}
	return same
}

// changed reports whether pins have changed that keep tools out.
func (p *pinning) changed(u *Upstream) bool {
	if len(p.quarantined) == 0 {
		return false
	}
	known, err := u.spec.Pins.Load(u.spec.Name)
	return err == nil && !maps.Equal(known, p.known)
}

// A Change is in what a tool differs from its pin.
type Change struct {
	// Tool is its name, without the prefix.
	Tool string
	// Kind is "changed", "new" or "gone".
	Kind string
	// Description is what the server says of it now, made visible; empty where it is gone.
	Description string
}

// Changes returns, by name, in what the tools that the server has listed last differ from
// their pins: in nothing where it was not seen before. The error is that of reading the
// pins. It must not be called without Spec.Pins.
func (u *Upstream) Changes() ([]Change, error) {
	known, err := u.spec.Pins.Load(u.spec.Name)
	if err != nil || known == nil {
		return nil, err
	}
	var changes []Change
	gone := maps.Clone(known)
	for _, tool := range u.catalogue.last() {
		pin, ok := known[tool.Name]
		delete(gone, tool.Name)
		change := Change{Tool: tool.Name, Kind: "changed", Description: display.Visible(tool.Description)}
		switch {
		case !ok:
			change.Kind = "new"
		case pin == fingerprint(&tool):
			continue
		}
		changes = append(changes, change)
	}
	for name := range gone {
		changes = append(changes, Change{Tool: name, Kind: "gone"})
	}
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Tool, b.Tool) })
	return changes, nil
}

// Accept pins the tools as the server has listed them last, which ends their quarantine
// here, and in other processes within seconds. It must not be called without Spec.Pins.
func (u *Upstream) Accept() error {
	err := u.spec.Pins.Save(u.spec.Name, fingerprints(u.catalogue.last()))
	u.catalogue.acceptLate()
	return err
}
