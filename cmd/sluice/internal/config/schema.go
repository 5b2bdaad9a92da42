package config

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"
)

// The sources of the types: their comments are the descriptions in the schema, so
// that people who read the code and people who write the file read the same words.
//
//go:embed config.go
var configSource string

//go:embed listen.go
var listenSource string

//go:embed auth.go
var authSource string

//go:embed policy.go
var policySource string

//go:embed upstream.go
var upstreamSource string

//go:embed http.go
var httpSource string

//go:embed traces.go
var tracesSource string

// Schema returns the JSON Schema (draft 2020-12) of a config file.
func Schema() (json.RawMessage, error) {
	comments, err := fieldComments(configSource, listenSource, authSource, policySource, httpSource, upstreamSource, tracesSource)
	if err != nil {
		return nil, err
	}
	r := jsonschema.Reflector{
		Anonymous:                  true,
		ExpandedStruct:             true,
		FieldNameTag:               "yaml",
		RequiredFromJSONSchemaTags: true,
		Mapper:                     scalarSchema,
		LookupComment:              func(t reflect.Type, field string) string { return comments[t.Name()+"."+field] },
	}
	s := r.Reflect(&Config{})
	s.Title = "sluice config"
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the schema: %w", err)
	}
	return text, nil
}

// scalarSchema returns the schema of the types that are not what their Go kind says;
// nil for others.
func scalarSchema(t reflect.Type) *jsonschema.Schema {
	switch zero := reflect.New(t).Interface().(type) {
	case *json.RawMessage:
		return &jsonschema.Schema{Type: "object"}
	case scalar:
		return &jsonschema.Schema{Type: "string", Pattern: zero.pattern()}
	case *Count:
		return &jsonschema.Schema{Type: "integer", Minimum: "1"}
	case *Share:
		return &jsonschema.Schema{Type: "number", ExclusiveMinimum: "0", Maximum: "1"}
	case optional:
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{scalarSchema(reflect.TypeOf(zero.inner()).Elem()), offSchema}}
	}
	return nil
}

// fieldComments returns the doc comments in Go sources, by "Type." and "Type.Field",
// each on one line; that of a field begins with the key instead of the Go name.
func fieldComments(sources ...string) (map[string]string, error) {
	comments := map[string]string{}
	for _, source := range sources {
		file, err := parser.ParseFile(token.NewFileSet(), "config.go", source, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("read the descriptions: %w", err)
		}
		for _, decl := range file.Decls {
			if decl, ok := decl.(*ast.GenDecl); ok && decl.Tok == token.TYPE {
				noteComments(comments, decl)
			}
		}
	}
	return comments, nil
}

func noteComments(comments map[string]string, decl *ast.GenDecl) {
	note := func(key string, doc *ast.CommentGroup) {
		comments[key] = strings.Join(strings.Fields(doc.Text()), " ")
	}
	spec := decl.Specs[0].(*ast.TypeSpec)
	note(spec.Name.Name+".", decl.Doc)
	body, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range body.Fields.List {
		if len(f.Names) == 0 { // embedded: it has a type of its own
			continue
		}
		name := spec.Name.Name + "." + f.Names[0].Name
		note(name, f.Doc)
		key := reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("yaml")
		comments[name] = key + strings.TrimPrefix(comments[name], f.Names[0].Name)
	}
}

// JSONSchemaExtend says that a tool has either of the two.
func (Tool) JSONSchemaExtend(s *jsonschema.Schema) {
	s.OneOf = []*jsonschema.Schema{{Required: []string{"command"}}, {Required: []string{"http"}}}
}
