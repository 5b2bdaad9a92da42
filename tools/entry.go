package tools

import (
	"encoding/json"
	"errors"
	"fmt"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/schema"
)

// maxNameLength is what the specification recommends at most (server/tools, "Tool
// Names").
const maxNameLength = 128

var noArguments = json.RawMessage(`{"type":"object","additionalProperties":false}`)

// An Entry is a registered tool with its schemas compiled.
type Entry struct {
	*Tool
	// Input is the compiled input schema.
	Input *schema.Schema
	// Output is the compiled output schema; nil where the tool declares none.
	Output *schema.Schema
}

// newEntry checks a tool and compiles its schemas.
func newEntry(tool *Tool) (*Entry, error) {
	if tool == nil {
		return nil, errors.New("a tool is nil")
	}
	if err := checkName(tool.Name); err != nil {
		return nil, err
	}
	if tool.err != nil {
		return nil, tool.err
	}
	if tool.Handler == nil {
		return nil, errors.New("no handler")
	}
	entry := &Entry{Tool: tool}
	var err error
	if entry.Input, err = compileInput(tool.InputSchema); err != nil {
		return nil, fmt.Errorf("input schema: %w", err)
	}
	if tool.OutputSchema != nil {
		if entry.Output, err = schema.Compile(tool.OutputSchema); err != nil {
			return nil, fmt.Errorf("output schema: %w", err)
		}
	}
	return entry, nil
}

func compileInput(source json.RawMessage) (*schema.Schema, error) {
	if source == nil {
		source = noArguments
	}
	compiled, err := schema.Compile(source)
	if err != nil {
		return nil, err
	}
	// The specification asks for this very member, not only for a schema that allows
	// nothing but objects.
	var root struct {
		Type jsontext.Value `json:"type"`
	}
	if err := jsonv2.Unmarshal(source, &root); err != nil || string(root.Type) != `"object"` {
		return nil, errors.New(`its "type" must be "object"`)
	}
	return compiled, nil
}

func checkName(name string) error {
	if name == "" || len(name) > maxNameLength {
		return fmt.Errorf("a name has 1 to %d characters", maxNameLength)
	}
	for _, c := range name {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-', c == '.':
		default:
			return fmt.Errorf("a name has only letters, digits, '_', '-' and '.', not %q", c)
		}
	}
	return nil
}
