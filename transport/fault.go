package transport

import (
	"encoding/json"
	"fmt"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/sourcegraph/jsonrpc2"

	"github.com/sluice-dev/sluice/transport/mcp"
)

func rpcError(code int64, format string, args ...any) *jsonrpc2.Error {
	return &jsonrpc2.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func invalidRequest(format string, args ...any) *jsonrpc2.Error {
	return rpcError(mcp.CodeInvalidRequest, "Invalid request: "+format, args...)
}

func invalidParams(format string, args ...any) *jsonrpc2.Error {
	return rpcError(mcp.CodeInvalidParams, "Invalid params: "+format, args...)
}

// unsupportedVersion is the answer to a request of a revision that is not served
// (specification 2026-07-28, basic/versioning, "Protocol Version Negotiation").
func unsupportedVersion(requested string) *jsonrpc2.Error {
	fault := rpcError(mcp.CodeUnsupportedProtocolVersion, "Unsupported protocol version")
	data, err := jsonv2.Marshal(map[string]any{
		"supported": mcp.ModernVersions(), "requested": requested,
	}, jsonv2.Deterministic(true))
	if err == nil {
		raw := json.RawMessage(data)
		fault.Data = &raw
	}
	return fault
}

// appendFault appends the error response to a request. Without an id it has no
// member of that name: the schemas know no null there, and clients drop it.
func appendFault(dst []byte, id rawID, fault *jsonrpc2.Error) []byte {
	dst = append(dst, `{"jsonrpc":"2.0",`...)
	if id != nil {
		dst = append(dst, `"id":`...)
		dst = append(append(dst, id...), ',')
	}
	dst = fmt.Appendf(dst, `"error":{"code":%d,"message":`, fault.Code)
	dst = mcp.AppendString(dst, fault.Message)
	if fault.Data != nil {
		dst = append(dst, `,"data":`...)
		dst = append(dst, *fault.Data...)
	}
	return append(dst, "}}"...)
}

// clip shortens text from the peer before it is said back to it.
func clip(text string) string {
	const most = 128
	if len(text) <= most {
		return text
	}
	return text[:most] + "..."
}
