package tools

import "encoding/json"

// A Tool is a definition with the handler that answers its calls. It must not be
// changed after it was added to a [Registry].
type Tool struct {
	Definition

	// Handler does the work. It is required.
	Handler Handler

	// Limits are what the engine holds this tool's calls to.
	Limits Limits

	// err is what went wrong while the tool was made; Registry.Add reports it.
	err error
}

// A Definition is what clients are shown of a tool
// (specification 2026-07-28, server/tools, "Tool").
type Definition struct {
	// Name identifies the tool in its server: 1 to 128 of A-Z, a-z, 0-9, "_", "-"
	// and ".". It is required.
	Name string

	// Title is a name for people. Shown from revision 2025-06-18 on.
	Title string

	// Description tells the model what the tool does and when to use it.
	Description string

	// InputSchema is the JSON Schema of the arguments; its type must be "object".
	// Defaults to a schema that accepts no arguments.
	InputSchema json.RawMessage

	// OutputSchema is the JSON Schema of [Result.Structured]. Defaults to none.
	// Clients before revision 2026-07-28 see it only where its type is "object".
	OutputSchema json.RawMessage

	// Annotations are hints on the tool's behaviour. Shown from 2025-03-26 on.
	Annotations *ToolAnnotations

	// Icons may stand beside the tool in user interfaces. Shown from 2025-11-25 on.
	Icons []Icon

	// Meta is the definition's _meta object. Shown from 2025-06-18 on.
	Meta map[string]any
}

// ToolAnnotations are hints on a tool's behaviour; clients do not trust them. A nil
// pointer leaves the hint to the default that the specification gives it.
type ToolAnnotations struct {
	Title           string `json:"title,omitempty"`
	ReadOnlyHint    *bool  `json:"readOnlyHint,omitempty"`    // default false
	DestructiveHint *bool  `json:"destructiveHint,omitempty"` // default true
	IdempotentHint  *bool  `json:"idempotentHint,omitempty"`  // default false
	OpenWorldHint   *bool  `json:"openWorldHint,omitempty"`   // default true
}

// An Icon is an image that may stand for a tool or a server.
type Icon struct {
	// Src is an https: or data: URI. It is required.
	Src string `json:"src"`
	// MIMEType overrides the type that the source declares.
	MIMEType string `json:"mimeType,omitempty"`
	// Sizes are "WxH" in pixels, or "any".
	Sizes []string `json:"sizes,omitempty"`
	// Theme is "light" or "dark"; empty suits both.
	Theme string `json:"theme,omitempty"`
}
