package upstream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/internal/display"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// visible takes out of a result what cannot be seen in its texts, and what is about the
// connection to the server. Structured content, which is for programs, stays as it is.
func visible(result *tools.Result) *tools.Result {
	for i, block := range result.Content {
		result.Content[i] = visibleBlock(block)
	}
	maps.DeleteFunc(result.Meta, func(key string, _ any) bool { return mcp.Reserved(key) })
	return result
}

func visibleBlock(block tools.Content) tools.Content {
	switch b := block.(type) {
	case tools.Text:
		b.Text = display.Visible(b.Text)
		return b
	case tools.ResourceLink:
		b.Name, b.Title, b.Description = display.Visible(b.Name), display.Visible(b.Title), display.Visible(b.Description)
		return b
	case tools.EmbeddedResource:
		b.Text = display.Visible(b.Text)
		return b
	}
	return block
}

// visibleJSON returns JSON with what cannot be seen taken out of all its strings, those
// of schemas too: a description is not the only place that a model reads.
func visibleJSON(raw json.RawMessage) (json.RawMessage, error) {
	if !hides(raw) {
		return raw, nil
	}
	var shown bytes.Buffer
	in := jsontext.NewDecoder(bytes.NewReader(raw))
	out := jsontext.NewEncoder(&shown)
	for {
		token, err := in.ReadToken()
		if err == io.EOF {
			return bytes.TrimSpace(shown.Bytes()), nil
		}
		if err == nil && token.Kind() == '"' {
			token = jsontext.String(display.Visible(token.String()))
		}
		if err == nil {
			err = out.WriteToken(token)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: a tool with what cannot be shown: %w", ErrProtocol, err)
		}
	}
}

// hides reports whether the strings of JSON could hold what cannot be seen: it is not
// plain ASCII, or has escapes other than those of quotes, backslashes and white space.
func hides(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c >= 0x7f:
			return true
		case c == '\\' && i+1 < len(raw):
			i++
			if strings.IndexByte(`"\/nrt`, raw[i]) < 0 {
				return true
			}
		}
	}
	return false
}
