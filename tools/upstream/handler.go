package upstream

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/internal/display"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// tool makes a tool to be served of one that the server lists. Its text is made visible.
func (u *Upstream) tool(listed Tool) (*tools.Tool, error) {
	raw, err := visibleJSON(listed.Raw)
	if err != nil {
		return nil, err
	}
	shown, err := decodeTool(jsontext.Value(raw))
	if err != nil {
		return nil, err
	}
	tool := &tools.Tool{Definition: shown.Definition, Limits: u.spec.Limits}
	tool.Name = u.spec.Prefix + listed.Name
	tool.Handler = &handler{upstream: u, tool: listed.Name}
	return tool, nil
}

// A handler passes the calls of one tool on to the server.
type handler struct {
	upstream *Upstream
	tool     string // what the server calls it
}

// Call calls the tool of the server. While there is no connection it fails at once. Notes
// of the server are not passed on: they do not say which call they belong to, so one
// caller would read what another's has caused.
func (h *handler) Call(ctx context.Context, call *tools.Call) (*tools.Result, error) {
	h.upstream.running.begin()
	defer h.upstream.running.end()
	client := h.upstream.client.Load()
	if client == nil {
		return nil, h.upstream.away()
	}
	span := h.span(ctx, call)
	result, err := client.CallTool(ctx, h.tool, call.Arguments, CallOptions{
		Trace: span.Trace(),
		OnProgress: func(p tools.Progress) {
			p.Message = display.OneLine(p.Message)
			tools.Report(ctx, p)
		},
	})
	span.End(failureOf(ctx, result, err))
	if err != nil {
		return nil, h.explain(ctx, call, err)
	}
	return visible(&result.Result), nil
}

// span begins the span of a call of the server.
func (h *handler) span(ctx context.Context, call *tools.Call) tools.Span {
	span := call.StartSpan(ctx, tools.SpanUpstream, h.upstream.spec.Name)
	span.SetText("mcp.method.name", mcp.MethodCallTool)
	span.SetText("gen_ai.operation.name", "execute_tool")
	span.SetText("gen_ai.tool.name", h.tool)
	return span
}

// failureOf says in a word what became of a call, for its span.
func failureOf(ctx context.Context, result *Result, err error) string {
	refusal, refused := errors.AsType[*WireError](err)
	switch {
	case err == nil && result.IsError:
		return "tool_error"
	case err == nil:
		return ""
	case ctx.Err() != nil:
		return "cancelled"
	case refused:
		return strconv.FormatInt(refusal.Code, 10)
	}
	return "unreachable"
}

// away says why the server cannot be called now.
func (u *Upstream) away() error {
	s := u.Status()
	switch s.State {
	case StateStarting:
		return tools.Unreachable(tools.Errorf("The tool was not called: the MCP server %q, which it belongs to, is still starting. Try again in a few seconds.", s.Name))
	case StateClosed:
		return tools.Errorf("The tool was not called: the MCP server %q, which it belonged to, is not used any more. List the tools again.", s.Name)
	}
	when := "in a moment"
	if wait := time.Until(s.Retry); wait > time.Second {
		when = "in " + wait.Round(time.Second).String()
	}
	return tools.Unreachable(tools.Errorf("The tool was not called: the MCP server %q, which it belongs to, is down and is being started again. Try again %s, or use another tool.", s.Name, when))
}

// explain says what a failed call means, in words for the model.
func (h *handler) explain(ctx context.Context, call *tools.Call, err error) error {
	name := h.upstream.spec.Name
	refusal, refused := errors.AsType[*WireError](err)
	switch {
	case ctx.Err() != nil:
		return err
	case errors.Is(err, ErrUnread):
		return tools.Errorf("The MCP server %q could not read the call. It may be too long: send less in one call.", name)
	case refused:
		return tools.Errorf("The MCP server %q refused the call: %s (code %d).", name, strings.TrimSuffix(cut(display.OneLine(refusal.Message)), "."), refusal.Code)
	case errors.Is(err, ErrClosed) && h.upstream.ctx.Err() != nil:
		return tools.Errorf("The call was cut off: the MCP server %q is not used any more. It is not known what the call has done.", name)
	}
	h.upstream.log.Debug("a call has failed", "id", call.ID, "tool", h.tool, "error", err)
	if errors.Is(err, ErrClosed) {
		return tools.Unreachable(tools.Errorf("The call was cut off: the MCP server %q has ended, and is being started again. It is not known what the call has done: see to that before you try again.", name))
	}
	return tools.Unreachable(tools.Errorf("The MCP server %q answered with something that is no result. It is not known what the call has done.", name))
}

// maxRefusal is how much a server may say when it refuses a call, in bytes.
const maxRefusal = 4 << 10

func cut(text string) string {
	if len(text) <= maxRefusal {
		return text
	}
	return display.CutRune(text[:maxRefusal]) + "…"
}
