package tools

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sluice-dev/sluice/schema"
)

// maxNameLength is what the specification recommends at most (server/tools, "Tool
// Names").
const maxNameLength = 128

var noArguments = json.RawMessage(`{"type":"object","additionalProperties":false}`)

// newEntry checks a tool and compiles its schemas.
func newEntry(tool *Tool) (*Entry, error) {
	if tool.err != nil {
		return nil, tool.err
	}
	if err := checkName(tool.Name); err != nil {
		return nil, err
	}
	if tool.Handler == nil {
		return nil, errors.New("no handler")
	}
	source := tool.InputSchema
	if source == nil {
		source = noArguments
	}
	input, err := schema.Compile(source)
	if err != nil {
		return nil, fmt.Errorf("input schema: %w", err)
	}
	var root struct{ Type any }
	if err := json.Unmarshal(source, &root); err != nil || root.Type != "object" {
		return nil, errors.New(`input schema: its "type" must be "object"`)
	}
	entry := &Entry{Tool: tool, Input: input}
	if tool.OutputSchema != nil {
		if entry.Output, err = schema.Compile(tool.OutputSchema); err != nil {
			return nil, fmt.Errorf("output schema: %w", err)
		}
	}
	return entry, nil
}

func checkName(name string) error {
	if name == "" || len(name) > maxNameLength {
		return fmt.Errorf("a name has 1 to %d characters", maxNameLength)
	}
	for _, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-', c == '.':
		default:
			return fmt.Errorf("a name has only letters, digits, '_', '-' and '.', not %q", string(rune(c)))
		}
	}
	return nil
}
