package upstream

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// A server's list ends here, whatever it says: more tools than a model can choose
// from are a fault or an attack.
const (
	maxTools     = 10_000
	maxPages     = 1_000
	maxToolBytes = 256 << 10 // of one tool
	maxListBytes = 32 << 20  // of all
)

// A Tool is a tool as a server lists it.
type Tool struct {
	tools.Definition
	// Raw is the tool's JSON object as it was received.
	Raw json.RawMessage
}

type listParams struct {
	Cursor string       `json:"cursor,omitempty"`
	Meta   *requestMeta `json:"_meta,omitempty"`
}

type listPage struct {
	Tools      []jsontext.Value `json:"tools"`
	NextCursor string           `json:"nextCursor"`
}

// ListTools returns the tools of the server, all pages of them, in its order. What
// is no tool or has more than 256 KiB, a name that comes twice and whatever exceeds 10 000
// tools, 32 MiB or 1 000 pages is left out, with a warning in the log. Errors are those of
// [Client.CallTool].
func (c *Client) ListTools(ctx context.Context) ([]Tool, error) {
	l := &listing{client: c, names: map[string]bool{}}
	defer l.complain()
	cursor := ""
	for range maxPages {
		page, err := c.listPage(ctx, cursor)
		if err != nil {
			return nil, fmt.Errorf("list the tools: %w", err)
		}
		if !l.take(page.Tools) || page.NextCursor == "" {
			return l.tools, nil
		}
		if page.NextCursor == cursor {
			return nil, fmt.Errorf("list the tools: %w: cursor %q leads to itself", ErrProtocol, cursor)
		}
		cursor = page.NextCursor
	}
	c.opts.Logger.Warn("the list of tools has too many pages; the rest is left out", "pages", maxPages)
	return l.tools, nil
}

func (c *Client) listPage(ctx context.Context, cursor string) (*listPage, error) {
	p := c.newPending(CallOptions{})
	raw, err := c.roundTrip(ctx, p, mcp.MethodListTools, listParams{Cursor: cursor, Meta: c.meta(c.server.revision, p)})
	if err != nil {
		return nil, err
	}
	page := new(listPage)
	if err := jsonv2.Unmarshal(raw, page); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	return page, nil
}

// listing gathers the pages of one list.
type listing struct {
	client *Client
	tools  []Tool
	names  map[string]bool

	bytes                 int   // of tools
	broken, twice, beyond int   // what was left out: no tools, names taken, too many
	why                   error // of the first that is no tool
}

// take adds a page, and reports whether there is room for more.
func (l *listing) take(page []jsontext.Value) bool {
	for i, raw := range page {
		if len(l.tools) == maxTools || l.bytes+len(raw) > maxListBytes {
			l.beyond = len(page) - i
			return false
		}
		tool, err := decodeTool(raw)
		switch {
		case err != nil:
			l.broken++
			l.why = cmp.Or(l.why, err)
		case l.names[tool.Name]:
			l.twice++
		default:
			l.names[tool.Name] = true
			l.bytes += len(raw)
			l.tools = append(l.tools, tool)
		}
	}
	return true
}

// complain says what was left out: once for each kind, however many there are.
func (l *listing) complain() {
	warn := l.client.opts.Logger.Warn
	if l.broken > 0 {
		warn("the list holds what is no tool; it is left out", "count", l.broken, "error", l.why)
	}
	if l.twice > 0 {
		warn("the list holds names twice; all but the first are left out", "count", l.twice)
	}
	if l.beyond > 0 {
		warn("the list of tools is too long; the rest is left out", "tools", len(l.tools), "bytes", l.bytes)
	}
}

func decodeTool(raw jsontext.Value) (Tool, error) {
	if len(raw) > maxToolBytes {
		return Tool{}, fmt.Errorf("%w: a tool of %d bytes, and %d are taken", ErrProtocol, len(raw), maxToolBytes)
	}
	var t struct {
		Name         string                 `json:"name"`
		Title        string                 `json:"title"`
		Description  string                 `json:"description"`
		InputSchema  jsontext.Value         `json:"inputSchema"`
		OutputSchema jsontext.Value         `json:"outputSchema"`
		Annotations  *tools.ToolAnnotations `json:"annotations"`
		Icons        []tools.Icon           `json:"icons"`
		Meta         meta                   `json:"_meta"`
	}
	if err := jsonv2.Unmarshal(raw, &t); err != nil {
		return Tool{}, err
	}
	if t.Name == "" || t.InputSchema.Kind() != '{' {
		return Tool{}, fmt.Errorf("%w: a tool has a name and an input schema", ErrProtocol)
	}
	return Tool{Raw: json.RawMessage(raw), Definition: tools.Definition{
		Name: t.Name, Title: t.Title, Description: t.Description,
		InputSchema: json.RawMessage(t.InputSchema), OutputSchema: json.RawMessage(t.OutputSchema),
		Annotations: t.Annotations, Icons: t.Icons, Meta: t.Meta.values(),
	}}, nil
}
