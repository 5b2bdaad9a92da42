package mcp

import (
	"encoding/json"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
)

// toolMessage is a tool as tools/list shows it (schema, "Tool").
type toolMessage struct {
	Name         string                 `json:"name"`
	Title        string                 `json:"title,omitzero"`
	Description  string                 `json:"description,omitzero"`
	InputSchema  jsontext.Value         `json:"inputSchema"`
	OutputSchema jsontext.Value         `json:"outputSchema,omitzero"`
	Annotations  *tools.ToolAnnotations `json:"annotations,omitzero"`
	Icons        []tools.Icon           `json:"icons,omitempty"`
	Meta         map[string]any         `json:"_meta,omitempty"`
}

// EncodeTool returns the definition of a tool as revision r shows it. The schemas
// are taken from input and output, which are compact JSON; output may be nil.
func EncodeTool(def *tools.Definition, input, output json.RawMessage, r *Revision) (json.RawMessage, error) {
	m := toolMessage{Name: def.Name, Description: def.Description, InputSchema: jsontext.Value(input)}
	if r.Titles {
		m.Title = def.Title
	}
	if r.ToolAnnotations {
		m.Annotations = def.Annotations
	}
	if r.Icons {
		m.Icons = def.Icons
	}
	if r.DefinitionMeta {
		m.Meta = def.Meta
	}
	if r.Structured && (r.AnyStructured || objectType(output)) {
		m.OutputSchema = jsontext.Value(output)
	}
	return jsonv2.Marshal(m, options)
}

// options make the encoding deterministic, and lenient with the text of tools:
// what is not UTF-8 is replaced, not refused.
var options = jsonv2.JoinOptions(jsonv2.Deterministic(true), jsontext.AllowInvalidUTF8(true))

// objectType reports whether the schema declares the type "object" at its root,
// as the legacy revisions demand of an output schema.
func objectType(schema json.RawMessage) bool {
	var root struct {
		Type any `json:"type"`
	}
	return schema != nil && jsonv2.Unmarshal(schema, &root) == nil && root.Type == "object"
}
