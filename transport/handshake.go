package transport

import (
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/sourcegraph/jsonrpc2"

	"github.com/sluice-dev/sluice/transport/mcp"
)

// initialize settles a legacy revision for the connection
// (specification 2025-11-25, basic/lifecycle). A second one settles it anew: bridges
// that reconnect on behalf of their client send it again.
func (c *conn) initialize(r *request) *jsonrpc2.Error {
	version, ok := r.params.text("protocolVersion")
	if !ok {
		return invalidParams(`"protocolVersion" must be a string`)
	}
	if r.params.get("capabilities").Kind() != '{' {
		return invalidParams(`"capabilities" must be an object`)
	}
	if !validImplementation(r.params.get("clientInfo")) {
		return invalidParams(`"clientInfo" must be an object with a name and a version`)
	}
	revision := mcp.Legacy(version)
	if revision == nil {
		revision = mcp.NewestLegacy
	}
	c.mu.Lock()
	c.session = session{revision: revision}
	c.mu.Unlock()
	c.reply(r, c.server.initializeResult(revision))
	return nil
}

func (s *Server) initializeResult(revision *mcp.Revision) []byte {
	dst := append([]byte(`{"protocolVersion":`), `"`+revision.Version+`"`...)
	dst = append(dst, `,"capabilities":`+capabilities+`,"serverInfo":`...)
	dst = append(dst, s.info[revision]...)
	return append(s.appendInstructions(dst), '}')
}

// capabilities are what the server offers, in every revision.
const capabilities = `{"logging":{},"tools":{"listChanged":true}}`

func (s *Server) appendInstructions(dst []byte) []byte {
	if s.opts.Instructions == "" {
		return dst
	}
	return mcp.AppendString(append(dst, `,"instructions":`...), s.opts.Instructions)
}

// validImplementation reports whether value is an object with the strings name and
// version.
func validImplementation(value jsontext.Value) bool {
	var info struct {
		Name    *string `json:"name"`
		Version *string `json:"version"`
	}
	return value.Kind() == '{' && jsonv2.Unmarshal(value, &info) == nil && info.Name != nil && info.Version != nil
}

func (c *conn) ping(r *request) *jsonrpc2.Error {
	c.reply(r, []byte("{}"))
	return nil
}

// setLevel asks for the log notes of all later calls of the connection
// (specification 2025-11-25, server/utilities/logging).
func (c *conn) setLevel(r *request) *jsonrpc2.Error {
	level, fault := readLevel(r.params, "level")
	if fault != nil {
		return fault
	}
	c.mu.Lock()
	c.level = level
	c.mu.Unlock()
	c.reply(r, []byte("{}"))
	return nil
}
