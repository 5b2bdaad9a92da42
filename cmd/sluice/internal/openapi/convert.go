package openapi

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Options say what is made of a document.
type Options struct {
	// Include has only operations that match one of these patterns converted. Defaults
	// to all. A pattern is compared to the name of the tool, to the path and to both
	// method and path ("GET /pets/*"); "*" stands for any text.
	Include []string
	// Exclude leaves out those that match one of these.
	Exclude []string
	// Server is the URL to which the paths are added. Defaults to the first server of
	// the operation or the document.
	Server string
	// Prefix stands before the names of the tools.
	Prefix string
	// Outputs has the schemas of the answers written too. Calls fail then where the
	// server breaks its own promises.
	Outputs bool
}

// A Tool is one operation as an entry of a config.
type Tool struct {
	// Name is the name of the tool.
	Name string

	entry, reduced func() mapping
}

// YAML returns the entry as an item of the list of tools.
func (t *Tool) YAML() string { return item(t.entry()) }

// Reduced returns the entry with less of its schemas, for an operation whose schemas
// are more than a server takes.
func (t *Tool) Reduced() string { return item(t.reduced()) }

func item(entry mapping) string {
	var b strings.Builder
	for i, f := range entry {
		if i == 0 {
			b.WriteString("  - ")
		} else {
			b.WriteString("    ")
		}
		b.WriteString(f.key + ":")
		write(&b, f.value, 6)
	}
	return b.String()
}

// A Conversion is what became of a document.
type Conversion struct {
	// Title and Version are those of the API.
	Title, Version string
	// Tools are in the order of their paths, each name once.
	Tools []*Tool
	// Notes say what was left out, and why.
	Notes []string
	// Variables are the environment variables that hold the secrets, with what each
	// is for.
	Variables map[string]string
}

// methods are those whose operations become tools, in their order.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
}

// Convert makes tools of the operations of a document.
func Convert(document *Document, options Options) *Conversion {
	doc := document.doc
	c := &Conversion{Variables: map[string]string{}}
	if doc.Info != nil {
		c.Title, c.Version = brief(doc.Info.Title, 100), brief(doc.Info.Version, 40)
	}
	include, exclude := patterns(options.Include), patterns(options.Exclude)
	names := map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		for _, method := range methods {
			item := doc.Paths.Value(path)
			op := item.Operations()[method]
			if op == nil {
				continue
			}
			o := &operation{Operation: op, document: document, item: item, path: path, method: method, options: &options, conversion: c}
			o.name = identifier(options.Prefix + o.id())
			if len(include) > 0 && !matchesAny(include, o) || matchesAny(exclude, o) {
				continue
			}
			o.name = unique(names, o.name)
			c.add(o)
		}
	}
	return c
}

// add makes the tool of an operation, or notes why there is none.
func (c *Conversion) add(o *operation) {
	if _, err := o.entry(wide); err != nil {
		c.note("%s %s is left out: %v", o.method, o.path, err)
		return
	}
	within := func(b bounds) func() mapping {
		return func() mapping {
			entry, _ := o.entry(b) // which the bounds do not make fail
			return entry
		}
	}
	c.Tools = append(c.Tools, &Tool{Name: o.name, entry: within(wide), reduced: within(narrow)})
}

func (c *Conversion) note(format string, args ...any) {
	note := fmt.Sprintf(format, args...)
	if !slices.Contains(c.Notes, note) {
		c.Notes = append(c.Notes, note)
	}
}

func patterns(sources []string) []pattern {
	var list []pattern
	for _, source := range sources {
		list = append(list, newPattern(source))
	}
	return list
}

func matchesAny(list []pattern, o *operation) bool {
	return slices.ContainsFunc(list, func(p pattern) bool { return p.matches(o) })
}
