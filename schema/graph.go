package schema

import (
	"errors"
	"fmt"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

var errCircle = errors.New("its references go in a circle without descending into the value")

// A graph is a compiled schema with its references resolved. It is made from what
// the compiler made, not from the source, so that both agree on where a reference
// leads.
type graph struct {
	index map[string]*jsonschema.Schema // by location
	nodes map[*jsonschema.Schema]*node
	work
}

// work tells what the validation of a value can cost.
type work struct {
	recursive bool // a schema is reached again further down the value
	meta      bool // a metaschema is reached
	pattern   int  // instructions of the largest pattern

	paths, patterns, length int // of the root: see node
}

// A node is one schema and what it costs with everything below it.
type node struct {
	schema  *jsonschema.Schema
	inPlace []*node // applied to the same value
	below   []*node // applied to parts of it

	branches int // schemas applied to the same value, itself included
	chain    int // the longest way in place
	paths    int // all ways from here, weighed
	patterns int // the same, weighed by the patterns' instructions
	length   int // the longest way
	state    [2]state
}

type state int

const (
	unseen state = iota
	open         // on the way from the root to where the walk is
	done
)

// enough is where costs stop being counted.
const enough = 1 << 40

func newGraph(roots []*jsonschema.Schema) (*graph, error) {
	g := collectGraph(roots)
	for _, n := range g.nodes {
		if err := n.expand(); err != nil {
			return nil, err
		}
		g.pattern = max(g.pattern, largest(n.schema))
	}
	root := g.nodes[roots[0]]
	g.weigh(root)
	g.paths, g.patterns, g.length = root.paths, root.patterns, root.length
	return g, nil
}

func collectGraph(roots []*jsonschema.Schema) *graph {
	g := &graph{index: map[string]*jsonschema.Schema{}, nodes: map[*jsonschema.Schema]*node{}}
	for _, root := range roots {
		g.add(root)
	}
	g.linkDynamic()
	return g
}

func (g *graph) add(s *jsonschema.Schema) *node {
	if n := g.nodes[s]; n != nil {
		return n
	}
	n := &node{schema: s}
	g.nodes[s] = n
	g.index[s.Location] = s
	for _, sub := range inPlace(s) {
		n.inPlace = append(n.inPlace, g.add(sub))
	}
	for _, sub := range below(s) {
		n.below = append(n.below, g.add(sub))
	}
	return n
}

// linkDynamic leads each dynamic reference to every schema that it may reach when a
// value is validated.
func (g *graph) linkDynamic() {
	anchors := map[string][]*node{}
	var recursive []*node
	for s, n := range g.nodes {
		if s.DynamicAnchor != "" {
			anchors[s.DynamicAnchor] = append(anchors[s.DynamicAnchor], n)
		}
		if s.RecursiveAnchor {
			recursive = append(recursive, n)
		}
	}
	for s, n := range g.nodes {
		if s.DynamicRef != nil {
			n.inPlace = append(n.inPlace, anchors[s.DynamicRef.DynamicAnchor]...)
		}
		if s.RecursiveRef != nil && s.RecursiveRef.RecursiveAnchor {
			n.inPlace = append(n.inPlace, recursive...)
		}
	}
}

// expand counts what n applies to one value.
func (n *node) expand() error {
	switch n.state[0] {
	case done:
		return nil
	case open:
		return errCircle
	}
	n.state[0], n.branches = open, 1
	for _, sub := range n.inPlace {
		if err := sub.expand(); err != nil {
			return err
		}
		n.branches = min(n.branches+sub.branches, enough)
		n.chain = max(n.chain, sub.chain)
	}
	n.chain++
	n.state[0] = done
	switch {
	case n.branches > maxBranches:
		return fmt.Errorf("it expands to more than %d branches through $ref, allOf, anyOf and oneOf", maxBranches)
	case n.chain > maxChain:
		return fmt.Errorf("its references form a chain of more than %d", maxChain)
	}
	return nil
}

// weigh counts the ways from n down, and sees whether they come back.
func (g *graph) weigh(n *node) {
	switch n.state[1] {
	case done:
		return
	case open:
		g.recursive = true
		return
	}
	n.state[1] = open
	n.paths = 1 + len(n.schema.Enum)/4 + len(n.schema.Required)/4
	n.patterns = patternWeight(n.schema)
	g.meta = g.meta || metaNodes()[n.schema]
	for _, subs := range [][]*node{n.inPlace, n.below} {
		for _, sub := range subs {
			g.weigh(sub)
			n.paths = min(n.paths+sub.paths, enough)
			n.patterns = min(n.patterns+sub.patterns, enough)
			n.length = max(n.length, sub.length)
		}
	}
	n.length++
	n.state[1] = done
}

func patternWeight(s *jsonschema.Schema) int {
	var total int
	if s.Pattern != nil {
		total += instructions(s.Pattern.String())
	}
	for pattern := range s.PatternProperties {
		total += instructions(pattern.String())
	}
	return total
}

func largest(s *jsonschema.Schema) int {
	var n int
	if s.Pattern != nil {
		n = instructions(s.Pattern.String())
	}
	for pattern := range s.PatternProperties {
		n = max(n, instructions(pattern.String()))
	}
	return n
}

// metaschemas returns the graph of the metaschemas, which the compiler shares among
// all schemas.
var metaschemas = sync.OnceValue(func() *graph {
	var roots []*jsonschema.Schema
	for _, dialect := range dialects {
		roots = append(roots, newCompiler().MustCompile("https://"+dialect))
	}
	return collectGraph(roots)
})

var metaNodes = sync.OnceValue(func() map[*jsonschema.Schema]bool {
	nodes := map[*jsonschema.Schema]bool{}
	for s := range metaschemas().nodes {
		nodes[s] = true
	}
	return nodes
})
