package mcp

import (
	"fmt"
	"maps"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
)

// AppendResult appends the members of a CallToolResult as revision r shows them,
// without the enclosing braces and without _meta: content, structuredContent where
// the revision can show it, and isError.
func AppendResult(dst []byte, result *tools.Result, r *Revision) ([]byte, error) {
	dst = append(dst, `"content":[`...)
	for i, block := range result.Content {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendContent(dst, block, r); err != nil {
			return dst, fmt.Errorf("content block %d: %w", i, err)
		}
	}
	dst = append(dst, ']')
	if result.IsError {
		dst = append(dst, `,"isError":true`...)
	}
	value := jsontext.Value(result.Structured)
	if value != nil && r.Structured && (r.AnyStructured || value.Kind() == '{') {
		dst = append(dst, `,"structuredContent":`...)
		// AppendFormat makes it one line, as the framing of stdio demands.
		return jsontext.AppendFormat(dst, value)
	}
	return dst, nil
}

// ResultSize returns about how many bytes AppendResult appends: a little more for most
// results, less where much is to be escaped.
func ResultSize(result *tools.Result) int {
	const block = 64 // what stands around a text
	n := block + len(result.Structured)
	for _, content := range result.Content {
		n += block
		switch content := content.(type) {
		case tools.Text:
			n += len(content.Text) + len(content.Text)/16
		case tools.Image:
			n += len(content.Data) * 4 / 3
		case tools.Audio:
			n += len(content.Data) * 4 / 3
		case tools.EmbeddedResource:
			n += len(content.Text) + len(content.Blob)*4/3
		}
	}
	return n
}

// AppendMeta appends the entries of a _meta object, each led by a comma where it is
// not the first in the object, and reports whether the object is still empty. Entries of
// the protocol's own (see [Reserved]) are left out: the server sets those.
func AppendMeta(dst []byte, meta map[string]any, first bool) ([]byte, bool, error) {
	for key := range meta {
		if Reserved(key) {
			meta = maps.Clone(meta)
			maps.DeleteFunc(meta, func(key string, _ any) bool { return Reserved(key) })
			break
		}
	}
	if len(meta) == 0 {
		return dst, first, nil
	}
	text, err := jsonv2.Marshal(meta, options)
	if err != nil {
		return dst, first, fmt.Errorf("_meta: %w", err)
	}
	if !first {
		dst = append(dst, ',')
	}
	return append(dst, text[1:len(text)-1]...), false, nil
}
