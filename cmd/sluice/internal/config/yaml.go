package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// What a file may be at most. The parser takes time in the square of the keys of a
// mapping and of the depth, so its input is bounded before it runs; the values are
// bounded since an alias repeats what it stands for.
const (
	maxBytes  = 1 << 20
	maxTokens = 40_000
	maxDepth  = 64
	maxIndent = 4 * maxDepth // columns
	maxValues = 100_000
)

// reader turns the syntax tree of one document into values.
type reader struct {
	source  []string
	anchors map[string]ast.Node
	values  int // how many were made
	stopped bool
	errs    []Problem
}

// readYAML returns the one document of the source as a value; nil where problems
// left none.
func readYAML(source []byte) (*value, *reader) {
	r := &reader{anchors: map[string]ast.Node{}}
	if len(source) > maxBytes {
		r.problem(position{}, fmt.Sprintf("the file has more than %d KiB", maxBytes>>10), "")
		return nil, r
	}
	if !utf8.Valid(source) {
		r.problem(position{}, "the file is not valid UTF-8", "")
		return nil, r
	}
	r.source = strings.Split(string(source), "\n")
	body := r.parse(string(source))
	if body == nil || len(r.errs) > 0 {
		return nil, r
	}
	return r.read(body, 0), r
}

// problem notes what is wrong at a place.
func (r *reader) problem(at position, message, hint string) {
	r.errs = append(r.errs, Problem{
		Line: at.line, Column: at.column, Message: message, Hint: hint, excerpt: excerpt(r.source, at.line),
	})
}

// stop notes what is wrong with the file as a whole and reads no further.
func (r *reader) stop(at position, message string) {
	if !r.stopped {
		r.problem(at, message, "")
	}
	r.stopped = true
}

// parse returns the body of the one document.
func (r *reader) parse(source string) (body ast.Node) {
	// The parser is careful but not ours: whatever it trips over is a syntax error.
	defer func() {
		if recover() != nil {
			r.problem(position{}, "the file is not valid YAML", "")
			body = nil
		}
	}()
	tokens := lexer.Tokenize(source)
	if !r.bounded(tokens) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntaxError(err)
		return nil
	}
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil || doc.Body.Type() == ast.CommentType:
		case doc.Body.Type() == ast.DirectiveType:
			r.problem(place(doc.Body), "a YAML directive is not supported", "remove the line")
		case body != nil:
			r.problem(place(doc.Body), "a second document: a config file holds one", "")
		default:
			body = doc.Body
		}
	}
	if body == nil && len(r.errs) == 0 {
		r.problem(position{}, "the file holds no configuration", "`sluice schema` prints what it may hold")
	}
	return body
}

// bounded reports whether the parser can take the tokens in reasonable time.
func (r *reader) bounded(tokens token.Tokens) bool {
	if len(tokens) > maxTokens {
		r.problem(position{}, fmt.Sprintf("the file has more than %d YAML tokens", maxTokens), "")
		return false
	}
	// The indent is that of the line: the lexer's own count of levels goes on rising
	// where blocks and flows alternate.
	depth, line, inLine, indent := 0, 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, inLine, indent = t.Position.Line, 0, t.Position.Column-1
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			inLine++ // each opens a level: "- - - x"
		}
		if depth+inLine > maxDepth || indent > maxIndent {
			r.problem(position{t.Position.Line, t.Position.Column}, tooDeep, "")
			return false
		}
	}
	return true
}

var tooDeep = fmt.Sprintf("nested deeper than %d levels", maxDepth)

func (r *reader) syntaxError(err error) {
	var at position
	message := "the file is not valid YAML"
	if syntax, ok := err.(yaml.Error); ok {
		message = "YAML: " + syntax.GetMessage()
		if t := syntax.GetToken(); t != nil {
			at = position{t.Position.Line, t.Position.Column}
		}
	}
	r.problem(at, message, "")
}

// read returns the value of a node. It never returns nil: what cannot be read is
// noted and stands as null.
func (r *reader) read(n ast.Node, depth int) *value {
	v := &value{kind: null, at: place(n)}
	if r.values++; r.values > maxValues {
		r.stop(v.at, fmt.Sprintf("the file comes to more than %d values", maxValues))
	} else if depth > maxDepth {
		r.stop(v.at, tooDeep)
	}
	if r.stopped {
		return v
	}
	switch n := n.(type) {
	case *ast.AnchorNode:
		v := r.read(n.Value, depth+1)
		r.anchors[n.Name.String()] = n.Value // only now: no alias within its own anchor
		return v
	case *ast.AliasNode:
		return r.readAlias(n, depth)
	case *ast.MappingNode:
		r.readMapping(n.Values, v, depth)
	case *ast.MappingValueNode:
		r.readMapping([]*ast.MappingValueNode{n}, v, depth)
	case *ast.SequenceNode:
		v.kind = list
		for _, item := range n.Values {
			v.items = append(v.items, r.read(item, depth+1))
		}
	default:
		r.readScalar(n, v)
	}
	return v
}

// readAlias returns the value that an alias stands for, at the place of the alias.
func (r *reader) readAlias(n *ast.AliasNode, depth int) *value {
	target, ok := r.anchors[n.Value.String()]
	if !ok {
		r.problem(place(n), fmt.Sprintf("the alias *%s has no anchor before it", n.Value), "")
		return &value{kind: null, at: place(n)}
	}
	v := r.read(target, depth+1)
	v.at = place(n)
	return v
}

// readMapping fills an object; keys of a merge ("<<") come behind those that are
// written, which win.
func (r *reader) readMapping(pairs []*ast.MappingValueNode, v *value, depth int) {
	v.kind = object
	seen := make(map[string]bool, len(pairs))
	var merged []field
	for _, pair := range pairs {
		content := r.read(pair.Value, depth+1)
		if pair.Key.IsMergeKey() {
			merged = append(merged, r.mergeFields(content)...)
			continue
		}
		f := field{key: r.keyText(pair.Key), at: place(pair.Key), value: content}
		if content.kind == null {
			content.at = f.at // it has no place of its own
		}
		if seen[f.key] {
			r.problem(f.at, fmt.Sprintf("the key %q is written twice", f.key), "")
			continue
		}
		seen[f.key] = true
		v.fields = append(v.fields, f)
	}
	for _, f := range merged {
		if !seen[f.key] {
			seen[f.key] = true
			v.fields = append(v.fields, f)
		}
	}
}

// mergeFields returns what the value of a merge key brings: a mapping, or a list of
// them of which the first wins.
func (r *reader) mergeFields(from *value) []field {
	switch {
	case from.kind == object:
		return from.fields
	case from.kind == list && !slices.ContainsFunc(from.items, func(v *value) bool { return v.kind != object }):
		var fields []field
		for _, item := range from.items {
			fields = append(fields, item.fields...)
		}
		return fields
	}
	r.problem(from.at, "what << merges must be a mapping, not "+from.describe(), "")
	return nil
}

// keyText returns a key as a string, which is what all keys are in JSON: 1 and true
// are "1" and "true".
func (r *reader) keyText(key ast.MapKeyNode) string {
	if scalar, ok := key.(*ast.StringNode); ok {
		return scalar.Value
	}
	switch key.Type() {
	case ast.IntegerType, ast.FloatType, ast.BoolType, ast.NullType:
		return key.GetToken().Value
	}
	r.problem(place(key), "a key must be a plain string", "")
	return ""
}

func (r *reader) readScalar(n ast.Node, v *value) {
	switch n := n.(type) {
	case *ast.NullNode:
	case *ast.BoolNode:
		v.kind, v.scalar = boolean, strconv.FormatBool(n.Value)
	case *ast.StringNode:
		v.kind, v.scalar = text, n.Value
		if n.Token.Type == token.StringType && isNumber(n.Value) {
			v.kind = number // the parser takes 1e3 for a string; YAML 1.2 does not
		}
	case *ast.LiteralNode:
		v.kind, v.scalar = text, n.Value.Value
	case *ast.IntegerNode:
		v.kind, v.scalar = number, fmt.Sprint(n.Value)
	case *ast.FloatNode:
		v.kind, v.scalar = number, floatText(n)
	case *ast.InfinityNode, *ast.NanNode:
		r.problem(v.at, "JSON has no such number", "")
	case *ast.TagNode:
		r.problem(v.at, "a YAML tag is not supported", "quote the value to make it a string")
	default:
		r.problem(v.at, "this kind of YAML is not supported", "")
	}
}

// floatText keeps a number as it was written where that is JSON, so that 0.1 stays
// 0.1 and 1e3 stays 1e3.
func floatText(n *ast.FloatNode) string {
	if isNumber(n.Token.Value) {
		return n.Token.Value
	}
	return strconv.FormatFloat(n.Value, 'g', -1, 64)
}

// isNumber reports whether JSON takes s for a number.
func isNumber(s string) bool {
	v := jsontext.Value(s)
	return v.Kind() == '0' && v.IsValid() && strings.TrimSpace(s) == s
}

// place returns where a node starts.
func place(n ast.Node) position {
	switch m := n.(type) { // the token of a block mapping is a colon
	case *ast.MappingValueNode:
		return place(m.Key)
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			return place(m.Values[0].Key)
		}
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return position{t.Position.Line, t.Position.Column}
	}
	return position{}
}
