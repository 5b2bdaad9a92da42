package mcp

import (
	"cmp"
	"encoding/base64"
	"fmt"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/schema/strict"
	"github.com/sluice-dev/sluice/tools"
)

// appendContent appends one block of content as revision r shows it.
func appendContent(dst []byte, block tools.Content, r *Revision) ([]byte, error) {
	switch b := block.(type) {
	case tools.Text:
		if b.Annotations == nil && len(b.Meta) == 0 {
			return appendPlainText(dst, b.Text), nil
		}
	case tools.Audio:
		if !r.Audio {
			block = tools.EmbeddedResource{URI: "audio:", MIMEType: b.MIMEType, Blob: b.Data, Annotations: b.Annotations, Meta: b.Meta}
		}
	case tools.ResourceLink:
		if !r.ResourceLinks {
			return appendPlainText(dst, linkText(b)), nil
		}
	}
	message, err := contentMessage(block, r)
	if err != nil {
		return dst, err
	}
	text, err := jsonv2.Marshal(message, options)
	return append(dst, text...), err
}

func appendPlainText(dst []byte, text string) []byte {
	dst = append(dst, `{"type":"text","text":`...)
	return append(AppendString(dst, text), '}')
}

// AppendString appends s as a JSON string; bytes that are not UTF-8 become U+FFFD.
func AppendString(dst []byte, s string) []byte {
	start := len(dst)
	dst = append(append(dst, '"'), s...)
	if strict.Plain(dst[start+1:]) {
		return append(dst, '"')
	}
	dst, _ = jsontext.AppendQuote(dst[:start], s) // the error says only that bytes were replaced
	return dst
}

func linkText(l tools.ResourceLink) string {
	if l.Description != "" {
		return fmt.Sprintf("%s: %s (%s)", l.Name, l.URI, l.Description)
	}
	return fmt.Sprintf("%s: %s", l.Name, l.URI)
}

// blockMessage is any block of content (schema, "ContentBlock").
type blockMessage struct {
	Type        string             `json:"type"`
	Text        *string            `json:"text,omitzero"`
	Data        *string            `json:"data,omitzero"`
	URI         string             `json:"uri,omitzero"`
	Name        string             `json:"name,omitzero"`
	Title       string             `json:"title,omitzero"`
	Description string             `json:"description,omitzero"`
	MIMEType    string             `json:"mimeType,omitzero"`
	Size        *int64             `json:"size,omitzero"`
	Icons       []tools.Icon       `json:"icons,omitempty"`
	Resource    *resourceMessage   `json:"resource,omitzero"`
	Annotations *tools.Annotations `json:"annotations,omitzero"`
	Meta        map[string]any     `json:"_meta,omitempty"`
}

// resourceMessage is the contents of a resource (schema, "TextResourceContents"
// and "BlobResourceContents").
type resourceMessage struct {
	URI      string  `json:"uri"`
	MIMEType string  `json:"mimeType,omitzero"`
	Text     *string `json:"text,omitzero"`
	Blob     *string `json:"blob,omitzero"`

	Meta map[string]any `json:"_meta,omitempty"`
}

// anyBinary is the type of data whose type was not said (RFC 2046, section 4.5.1).
const anyBinary = "application/octet-stream"

func contentMessage(block tools.Content, r *Revision) (blockMessage, error) {
	switch b := block.(type) {
	case tools.Text:
		return blockMessage{Type: "text", Text: &b.Text, Annotations: b.Annotations, Meta: b.Meta}, nil
	case tools.Image:
		return blockMessage{Type: "image", Data: base64Text(b.Data), MIMEType: cmp.Or(b.MIMEType, anyBinary), Annotations: b.Annotations, Meta: b.Meta}, nil
	case tools.Audio:
		return blockMessage{Type: "audio", Data: base64Text(b.Data), MIMEType: cmp.Or(b.MIMEType, anyBinary), Annotations: b.Annotations, Meta: b.Meta}, nil
	case tools.ResourceLink:
		m := blockMessage{
			Type: "resource_link", URI: b.URI, Name: cmp.Or(b.Name, b.URI), Title: b.Title, Description: b.Description,
			MIMEType: b.MIMEType, Size: b.Size, Annotations: b.Annotations, Meta: b.Meta,
		}
		if r.Icons {
			m.Icons = b.Icons
		}
		return m, nil
	case tools.EmbeddedResource:
		resource := &resourceMessage{URI: b.URI, MIMEType: b.MIMEType, Meta: b.ContentsMeta}
		if b.Blob != nil {
			resource.Blob = base64Text(b.Blob)
		} else {
			resource.Text = &b.Text
		}
		return blockMessage{Type: "resource", Resource: resource, Annotations: b.Annotations, Meta: b.Meta}, nil
	default:
		return blockMessage{}, fmt.Errorf("content of type %T", block)
	}
}

func base64Text(data []byte) *string {
	text := base64.StdEncoding.EncodeToString(data)
	return &text
}
