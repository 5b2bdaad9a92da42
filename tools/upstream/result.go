package upstream

import (
	"encoding/json"
	"fmt"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
)

// A Result is what a tool of a server gave back.
type Result struct {
	tools.Result
	// Raw is the result's JSON object as it was received.
	Raw json.RawMessage
}

// decodeResult reads a CallToolResult of any revision. One of a type that this
// client offered no support for is invalid (specification 2026-07-28, basic,
// "ResultType").
func decodeResult(raw json.RawMessage) (*Result, error) {
	var r struct {
		Type       string           `json:"resultType"`
		Content    []jsontext.Value `json:"content"`
		Structured jsontext.Value   `json:"structuredContent"`
		IsError    bool             `json:"isError"`
		Meta       meta             `json:"_meta"`
	}
	if err := jsonv2.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("%w: the result of a call: %w", ErrProtocol, err)
	}
	if r.Type != "" && r.Type != "complete" {
		return nil, fmt.Errorf("%w: a result of type %q, which this client does not offer to take", ErrProtocol, r.Type)
	}
	result := &Result{Raw: raw}
	result.Structured = json.RawMessage(r.Structured)
	result.IsError = r.IsError
	result.Meta = r.Meta.values()
	for _, block := range r.Content {
		result.Content = append(result.Content, decodeContent(block))
	}
	return result, nil
}

// meta is a _meta object. Its values stay as they came: numbers keep all their digits.
type meta map[string]jsontext.Value

func (m meta) values() map[string]any {
	if m == nil {
		return nil
	}
	values := make(map[string]any, len(m))
	for key, value := range m {
		values[key] = value
	}
	return values
}

// block is any block of content (schema 2026-07-28, "ContentBlock").
type block struct {
	Type        string         `json:"type"`
	Text        string         `json:"text"`
	Data        []byte         `json:"data"`
	MIMEType    string         `json:"mimeType"`
	URI         string         `json:"uri"`
	Name        string         `json:"name"`
	Title       string         `json:"title"`
	Description string         `json:"description"`
	Size        *int64         `json:"size"`
	Icons       []tools.Icon   `json:"icons"`
	Resource    *resource      `json:"resource"`
	Annotations jsontext.Value `json:"annotations"`
	Meta        meta           `json:"_meta"`
}

type resource struct {
	URI      string `json:"uri"`
	MIMEType string `json:"mimeType"`
	Text     string `json:"text"`
	Blob     []byte `json:"blob"`
	Meta     meta   `json:"_meta"`
}

// decodeContent reads one block. What it does not know, or cannot read, is kept as
// the text of its JSON, so that a model still sees it.
func decodeContent(raw jsontext.Value) tools.Content {
	var b block
	if err := jsonv2.Unmarshal(raw, &b); err != nil {
		return tools.Text{Text: string(raw)}
	}
	hints := b.annotations()
	switch {
	case b.Type == "text":
		return tools.Text{Text: b.Text, Annotations: hints, Meta: b.Meta.values()}
	case b.Type == "image":
		return tools.Image{Data: b.Data, MIMEType: b.MIMEType, Annotations: hints, Meta: b.Meta.values()}
	case b.Type == "audio":
		return tools.Audio{Data: b.Data, MIMEType: b.MIMEType, Annotations: hints, Meta: b.Meta.values()}
	case b.Type == "resource_link":
		return tools.ResourceLink{
			URI: b.URI, Name: b.Name, Title: b.Title, Description: b.Description,
			MIMEType: b.MIMEType, Size: b.Size, Icons: b.Icons, Annotations: hints, Meta: b.Meta.values(),
		}
	case b.Type == "resource" && b.Resource != nil:
		return tools.EmbeddedResource{
			URI: b.Resource.URI, MIMEType: b.Resource.MIMEType, Text: b.Resource.Text,
			Blob: b.Resource.Blob, ContentsMeta: b.Resource.Meta.values(), Annotations: hints, Meta: b.Meta.values(),
		}
	}
	return tools.Text{Text: string(raw)}
}

// annotations returns the hints on the block, nil where there are none that can be
// read: they are no reason to lose the block.
func (b *block) annotations() *tools.Annotations {
	if b.Annotations.Kind() != '{' {
		return nil
	}
	a := new(tools.Annotations)
	if jsonv2.Unmarshal(b.Annotations, a) != nil {
		return nil
	}
	return a
}
