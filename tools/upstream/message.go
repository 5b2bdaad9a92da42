package upstream

import (
	"encoding/json"
	"errors"
	"strconv"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/transport/mcp"
)

// message is what a server may send: a response, a notification or a request
// (JSON-RPC 2.0, sections 4 and 5).
type message struct {
	ID     jsontext.Value `json:"id"`
	Method string         `json:"method"`
	Params jsontext.Value `json:"params"`
	Result jsontext.Value `json:"result"`
	Error  jsontext.Value `json:"error"`
}

var errNotAMessage = errors.New("neither a response nor a notification nor a request")

// decodeMessage reads one message strictly.
func decodeMessage(data []byte) (*message, error) {
	m := new(message)
	if err := jsonv2.Unmarshal(data, m); err != nil {
		return nil, err
	}
	if m.Method == "" && m.Result == nil && m.Error == nil {
		return nil, errNotAMessage
	}
	return m, nil
}

// salvageID finds the id of a response that the strict decoder refused, so that its
// call fails at once instead of waiting for an answer that has come.
func salvageID(data []byte) (uint64, bool) {
	var m struct {
		ID     jsontext.Value `json:"id"`
		Method jsontext.Value `json:"method"`
	}
	lax := jsonv2.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	if jsonv2.Unmarshal(data, &m, lax) != nil || m.Method != nil {
		return 0, false
	}
	return ownID(m.ID)
}

// ownID reads an id as this client writes them: a positive decimal number.
func ownID(id jsontext.Value) (uint64, bool) {
	n, err := strconv.ParseUint(string(id), 10, 64)
	return n, err == nil && n > 0
}

// isRequest reports whether m asks for an answer. An explicit null id does not:
// there is nothing to answer with.
func (m *message) isRequest() bool {
	return m.Method != "" && m.ID != nil && m.ID.Kind() != 'n'
}

// isUnaddressed reports whether a response names no request. JSON-RPC has null there,
// MCP's schemas have nothing.
func (m *message) isUnaddressed() bool { return m.ID == nil || m.ID.Kind() == 'n' }

// isUnread reports whether err says that a message could not be read, which is when
// an id cannot be given back (JSON-RPC 2.0, section 5). Other errors without one are
// those of servers that wrongly answer notifications.
func isUnread(err error) bool {
	wire, ok := errors.AsType[*WireError](err)
	return ok && (wire.Code == mcp.CodeParseError || wire.Code == mcp.CodeInvalidRequest)
}

// answer returns what a response carries: a result, or an error.
func (m *message) answer() (json.RawMessage, error) {
	if m.Error == nil || m.Error.Kind() == 'n' {
		return json.RawMessage(m.Result), nil
	}
	var wire struct {
		Code    float64        `json:"code"`
		Message string         `json:"message"`
		Data    jsontext.Value `json:"data"`
	}
	if err := jsonv2.Unmarshal(m.Error, &wire); err != nil {
		return nil, errors.Join(ErrProtocol, err)
	}
	return nil, &WireError{Code: int64(wire.Code), Message: wire.Message, Data: json.RawMessage(wire.Data)}
}

// appendReply appends the answer to a request of the server. Result and failure are
// JSON; one of them is nil.
func appendReply(dst []byte, id jsontext.Value, result, failure string) []byte {
	dst = append(dst, `{"jsonrpc":"2.0","id":`...)
	dst = append(dst, id...)
	if failure != "" {
		dst = append(append(dst, `,"error":`...), failure...)
	} else {
		dst = append(append(dst, `,"result":`...), result...)
	}
	return append(dst, '}')
}
