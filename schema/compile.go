package schema

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// base is the URL of a schema that declares none. It is absolute, since the compiler
// would make a relative one a path on this machine.
const base = "sluice:///"

const location = base + "schema"

// compile hands a parsed schema to the compiler. The first schema of the result is
// the root; the others are those with a $dynamicAnchor, which a $dynamicRef may
// reach although no reference leads to them.
func compile(source []byte, doc any) (roots []*jsonschema.Schema, err error) {
	// The compiler panics on some schemas that its metaschemas let through; nobody's
	// schema may end the process.
	defer func() {
		if r := recover(); r != nil {
			roots, err = nil, fmt.Errorf("it cannot be compiled: %v", r)
		}
	}()
	compiler := newCompiler()
	if err := compiler.AddResource(location, bytes.NewReader(source)); err != nil {
		return nil, describe(err, doc)
	}
	root, err := compiler.Compile(location)
	if err != nil {
		return nil, describe(err, doc)
	}
	roots = append(roots, root)
	for _, pointer := range dynamicAnchors(doc, "#", nil) {
		if anchored, err := compiler.Compile(location + pointer); err == nil {
			roots = append(roots, anchored)
		}
	}
	return roots, nil
}

// recompile compiles once more what was compiled before.
func recompile(source []byte) []*jsonschema.Schema {
	doc, err := parse(source)
	if err != nil {
		panic("schema: parsed before and not again: " + err.Error())
	}
	roots, err := compile(source, doc)
	if err != nil {
		panic("schema: compiled before and not again: " + err.Error())
	}
	return roots
}

func newCompiler() *jsonschema.Compiler {
	compiler := jsonschema.NewCompiler()
	compiler.Draft = jsonschema.Draft2020
	compiler.AssertFormat = true
	compiler.LoadURL = refuse
	// The value of a "regex" is for the tool, which may not be written in Go.
	compiler.Formats["regex"] = func(any) bool { return true }
	// Draft 7 would assert these, later dialects do not.
	compiler.Decoders["base64"] = nil
	compiler.MediaTypes["application/json"] = nil
	return compiler
}

// refuse stands in the place of the compiler's own loader, which opens files.
func refuse(url string) (io.ReadCloser, error) {
	return nil, fmt.Errorf("the $ref to %s is not followed: a schema must be self-contained", quote(strings.TrimPrefix(url, base)))
}

func dynamicAnchors(doc any, pointer string, found []string) []string {
	switch doc := doc.(type) {
	case []any:
		for i, item := range doc {
			found = dynamicAnchors(item, pointer+"/"+strconv.Itoa(i), found)
		}
	case map[string]any:
		if _, ok := doc["$dynamicAnchor"].(string); ok {
			found = append(found, pointer)
		}
		for name, member := range doc {
			found = dynamicAnchors(member, pointer+"/"+url.PathEscape(escape(name)), found)
		}
	}
	return found
}

// describe puts the compiler's error into words about the schema.
func describe(err error, doc any) error {
	var invalid *jsonschema.ValidationError
	if errors.As(err, &invalid) {
		return (&translator{index: metaschemas().index, root: doc}).translate(invalid)
	}
	var loop jsonschema.InfiniteLoopError
	if errors.As(err, &loop) {
		return errCircle
	}
	var failed *jsonschema.SchemaError
	if errors.As(err, &failed) {
		err = failed.Err
	}
	text := strings.TrimPrefix(err.Error(), "jsonschema: ")
	return errors.New(strings.ReplaceAll(strings.ReplaceAll(text, location, ""), base, ""))
}
