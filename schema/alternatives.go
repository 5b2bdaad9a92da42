package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// maxAlternatives is how many branches of an anyOf or oneOf are explained.
const maxAlternatives = 4

// alternatives says why none of the branches of an anyOf or oneOf took the value. All
// that is wrong with every branch would be a flood, so it looks for the branch that
// was meant: the one of the value's type, or the one whose constants fit.
func (t *translator) alternatives(e *jsonschema.ValidationError) []leaf {
	branches := make([][]leaf, len(e.Causes))
	for i, cause := range e.Causes {
		branches[i] = t.flatten(cause, nil)
	}
	if merged, ok := mergeTypes(e, branches); ok {
		return merged
	}
	branches = prefer(branches, func(l leaf) bool {
		return l.keyword == "type" && l.pointer == e.InstanceLocation
	})
	if merged, ok := mergeConstants(branches); ok {
		return merged
	}
	branches = prefer(branches, isConstant)
	if len(branches) == 1 {
		return branches[0]
	}
	return []leaf{t.summarise(e, branches)}
}

// prefer drops the branches that have a leaf of the kind that rules a branch out,
// unless all have one.
func prefer(branches [][]leaf, ruledOut func(leaf) bool) [][]leaf {
	meant := slices.DeleteFunc(slices.Clone(branches), func(branch []leaf) bool {
		return slices.ContainsFunc(branch, ruledOut)
	})
	if len(meant) == 0 {
		return branches
	}
	return meant
}

// mergeTypes makes one leaf of branches that all fail by the type of the value.
func mergeTypes(e *jsonschema.ValidationError, branches [][]leaf) ([]leaf, bool) {
	merged := &jsonschema.Schema{}
	for _, branch := range branches {
		if len(branch) != 1 || branch[0].keyword != "type" || branch[0].pointer != e.InstanceLocation {
			return nil, false
		}
		for _, name := range branch[0].schema.Types {
			if !slices.Contains(merged.Types, name) {
				merged.Types = append(merged.Types, name)
			}
		}
	}
	first := branches[0][0]
	first.schema = merged
	return []leaf{first}, true
}

func isConstant(l leaf) bool { return l.keyword == "const" || l.keyword == "enum" }

// mergeConstants makes one leaf of branches that all want another constant in one
// place.
func mergeConstants(branches [][]leaf) ([]leaf, bool) {
	merged := &jsonschema.Schema{}
	var first leaf
	for i, branch := range branches {
		at := slices.IndexFunc(branch, isConstant)
		if at < 0 || i > 0 && branch[at].pointer != first.pointer {
			return nil, false
		}
		if i == 0 {
			first = branch[at]
		}
		merged.Enum = append(merged.Enum, constants(branch[at])...)
	}
	first.schema, first.keyword = merged, "enum"
	return []leaf{first}, true
}

func constants(l leaf) []any {
	if l.keyword == "const" {
		return l.schema.Constant
	}
	return l.schema.Enum
}

func (t *translator) summarise(e *jsonschema.ValidationError, branches [][]leaf) leaf {
	var b strings.Builder
	fmt.Fprintf(&b, "fits none of %d alternatives:", len(branches))
	for i, branch := range branches {
		if i == maxAlternatives {
			b.WriteString(" ...")
			break
		}
		fmt.Fprintf(&b, " (%d) %s", i+1, t.first(branch, e.InstanceLocation))
		if i < len(branches)-1 {
			b.WriteByte(';')
		}
	}
	return leaf{pointer: e.InstanceLocation, at: e.AbsoluteKeywordLocation, text: b.String()}
}

// first returns the first violation of a branch, in the same words each time.
func (t *translator) first(branch []leaf, parent string) string {
	var all []string
	for _, l := range branch[:min(len(branch), maxViolations)] {
		for _, v := range t.violations(l) {
			v.Pointer = strings.TrimPrefix(v.Pointer, decodePointer(parent))
			all = append(all, v.String())
		}
	}
	if len(all) == 0 {
		return "does not fit"
	}
	return slices.Min(all)
}
