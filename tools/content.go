package tools

import "time"

// Content is one block of a result: [Text], [Image], [Audio], [ResourceLink] or
// [EmbeddedResource] (specification 2026-07-28, server/tools, "Tool Result").
type Content interface{ content() }

// Text is text for the model. Bytes that are not UTF-8 are replaced by U+FFFD on
// the wire.
type Text struct {
	Text        string
	Annotations *Annotations
	Meta        map[string]any
}

// Image is a picture.
type Image struct {
	Data        []byte // sent as base64
	MIMEType    string // for example "image/png"
	Annotations *Annotations
	Meta        map[string]any
}

// Audio is a sound. A client of revision 2024-11-05, which knows none, is sent it
// as an embedded resource.
type Audio struct {
	Data        []byte // sent as base64
	MIMEType    string // for example "audio/wav"
	Annotations *Annotations
	Meta        map[string]any
}

// ResourceLink points to a resource that the client may fetch. A client of a
// revision before 2025-06-18, which knows none, is sent it as text.
type ResourceLink struct {
	URI         string
	Name        string
	Title       string
	Description string
	MIMEType    string
	Size        *int64 // bytes, where known
	Icons       []Icon
	Annotations *Annotations
	Meta        map[string]any
}

// EmbeddedResource is a resource's contents, sent along: Blob where it is not nil,
// Text otherwise.
type EmbeddedResource struct {
	URI         string
	MIMEType    string
	Text        string
	Blob        []byte // sent as base64
	Annotations *Annotations
	Meta        map[string]any

	// ContentsMeta is the _meta object of the contents, where Meta is that of the block.
	ContentsMeta map[string]any
}

func (Text) content()             {}
func (Image) content()            {}
func (Audio) content()            {}
func (ResourceLink) content()     {}
func (EmbeddedResource) content() {}

// Annotations tell a client whom a block is for and how much it matters.
type Annotations struct {
	Audience     []string   `json:"audience,omitempty"` // "user", "assistant"
	Priority     *float64   `json:"priority,omitempty"` // 0 (least) to 1 (most)
	LastModified *time.Time `json:"lastModified,omitempty"`
}
