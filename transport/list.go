package transport

import (
	"encoding/base64"
	"log/slog"
	"strings"
	"sync"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// listTools answers one page of the tools that the caller may use, by name (specification 2026-07-28,
// server/tools, "Listing Tools"; server/utilities/pagination).
func (c *conn) listTools(r *request) *jsonrpc2.Error {
	after := ""
	if r.params.get("cursor") != nil {
		cursor, _ := r.params.text("cursor")
		var ok bool
		if after, ok = openCursor(cursor); !ok {
			return rpcError(mcp.CodeInvalidParams, "Invalid cursor: begin again without one")
		}
	}
	snapshot := c.server.opts.Registry.Snapshot()
	page, more := c.page(snapshot, after)

	dst := appendResponse(nil, r)
	if r.revision.Modern {
		dst = append(dst, `{"resultType":"complete",`+listCaching+`,`...)
		dst = append(c.server.appendServerMeta(dst, r.revision), `,"tools":[`...)
	} else {
		dst = append(dst, `{"tools":[`...)
	}
	dst = append(c.server.definitions.appendAll(dst, snapshot, page, r.revision), ']')
	if more {
		dst = mcp.AppendString(append(dst, `,"nextCursor":`...), newCursor(page[len(page)-1].Name))
	}
	c.answer(r, append(dst, "}}"...))
	return nil
}

// page returns the next tools that the caller may use, and whether there are more of
// them. Where it may use all of these, the page is a part of the snapshot and no copy.
func (c *conn) page(snapshot *tools.Snapshot, after string) (page []*tools.Entry, more bool) {
	engine := c.server.opts.Engine
	rest, _ := snapshot.After(after, snapshot.Len())
	for i, entry := range rest {
		switch {
		case !engine.Allowed(c.ctx, c.peer.Caller, entry):
		case len(page) == c.server.opts.PageSize:
			return page, true
		case len(page) == i:
			page = rest[: i+1 : i+1]
		default:
			page = append(page, entry)
		}
	}
	return page, false
}

// A cursor is the name of the last tool of the page before, so that a page is right
// whatever was added or removed in between and whichever replica is asked.
const (
	cursorPrefix = "after:"
	maxCursor    = 256 // more than a cursor takes, with all that stands around it
)

func newCursor(name string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorPrefix + name))
}

func openCursor(cursor string) (name string, ok bool) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return "", false
	}
	name, ok = strings.CutPrefix(string(text), cursorPrefix)
	return name, ok && name != ""
}

// definitions keeps each tool encoded as each revision shows it, so that a list of
// thousands of tools is encoded once and not for each client.
type definitions struct {
	log *slog.Logger

	mu       sync.Mutex
	snapshot *tools.Snapshot       // guarded by mu; what encoded belongs to
	encoded  map[definition][]byte // guarded by mu
}

type definition struct {
	entry    *tools.Entry
	revision *mcp.Revision
}

// appendAll appends the definitions of a page of the snapshot, with commas between, and
// leaves some room behind them.
func (d *definitions) appendAll(dst []byte, snapshot *tools.Snapshot, page []*tools.Entry, revision *mcp.Revision) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.follow(snapshot)
	size := 0
	for _, entry := range page {
		size += len(d.get(definition{entry, revision})) + len(",")
	}
	dst = append(newFrame(len(dst)+size+maxCursor), dst...)
	first := true
	for _, entry := range page {
		text := d.get(definition{entry, revision})
		if text == nil {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, text...)
	}
	return dst
}

// follow forgets the tools that the snapshot no longer has. The caller holds mu.
func (d *definitions) follow(snapshot *tools.Snapshot) {
	if d.snapshot == snapshot {
		return
	}
	kept := map[definition][]byte{}
	for key, text := range d.encoded {
		if entry, ok := snapshot.Lookup(key.entry.Name); ok && entry == key.entry {
			kept[key] = text
		}
	}
	d.snapshot, d.encoded = snapshot, kept
}

// get returns a definition's text, or nil where it cannot be encoded. The caller
// holds mu.
func (d *definitions) get(key definition) []byte {
	if text, ok := d.encoded[key]; ok {
		return text
	}
	var output []byte
	if key.entry.Output != nil {
		output = key.entry.Output.Source()
	}
	text, err := mcp.EncodeTool(&key.entry.Definition, key.entry.Input.Source(), output, key.revision)
	if err != nil {
		d.log.Error("tool left out of the list", "tool", key.entry.Name, "error", err)
		text = nil
	}
	d.encoded[key] = text
	return text
}
