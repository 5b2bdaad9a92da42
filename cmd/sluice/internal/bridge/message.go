package bridge

import (
	"bytes"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/transport/mcp"
)

// A message is what the bridge must know of one: a request, a notification or a response.
type message struct {
	ID     jsontext.Value `json:"id"`
	Method string         `json:"method"`
	Params jsontext.Value `json:"params"`
	Result jsontext.Value `json:"result"`
}

// read returns the messages in a text: one, or those of a batch. What cannot be read is
// for the peer to judge, and left out.
func read(text []byte) []*message {
	if jsontext.Value(text).Kind() == '[' {
		var batch []*message
		if jsonv2.Unmarshal(text, &batch) != nil {
			return nil
		}
		return batch
	}
	m := new(message)
	if len(text) == 0 || jsonv2.Unmarshal(text, m) != nil {
		return nil
	}
	return []*message{m}
}

// isRequest reports whether an answer is due.
func (m *message) isRequest() bool { return m != nil && m.Method != "" && m.ID != nil }

// isResponse reports whether it is an answer.
func (m *message) isResponse() bool { return m != nil && m.Method == "" && m.ID != nil }

// isModern reports whether a request is of a revision without a handshake.
func (m *message) isModern() bool {
	return bytes.Contains(m.Params, []byte(`"`+mcp.MetaProtocolVersion+`"`))
}

// fail answers a request that no server will. Lost says that it was passed on.
func (b *bridge) fail(m *message, lost bool) {
	if !m.isRequest() {
		return
	}
	b.mu.Lock()
	why, gaveUp := b.why, b.gaveUp
	b.mu.Unlock()
	text := "The server was not reached: " + reason(why)
	switch {
	case !lost && !gaveUp:
		text += ". The connection is being tried again; try again in a moment."
	case lost:
		text = "The connection to the server was lost before it answered: " + reason(why) + ". The server cancels what a client leaves behind, but it is not known what the request has done: see to that before you try again."
	}
	b.tell(m.failure(text))
}

func reason(err error) string {
	if err == nil {
		return "it ended"
	}
	return err.Error()
}

// failure is the answer to a request that failed on its way: for a call of a tool a result
// that the model reads, for others an error.
func (m *message) failure(text string) []byte {
	dst := append([]byte(`{"jsonrpc":"2.0","id":`), m.ID...)
	if m.Method != mcp.MethodCallTool {
		dst = jsontext.AppendFloat(append(dst, `,"error":{"code":`...), mcp.CodeUnreachable, 64)
		dst = mcp.AppendString(append(dst, `,"message":`...), text)
		return append(dst, `}}`...)
	}
	dst = append(dst, `,"result":{`...)
	if m.isModern() {
		dst = append(dst, `"resultType":"complete",`...)
	}
	dst = mcp.AppendString(append(dst, `"content":[{"type":"text","text":`...), text)
	return append(dst, `}],"isError":true}}`...)
}
