package transport

import (
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/sourcegraph/jsonrpc2"

	"github.com/sluice-dev/sluice/transport/mcp"
)

// How long clients may keep what they were told, and with whom they may share it
// (specification 2026-07-28, server/utilities/caching). What the server is does not
// change while it runs and is the same for all; its tools may change, and differ by
// caller.
const (
	discoverCaching = `"ttlMs":3600000,"cacheScope":"public"`
	listCaching     = `"ttlMs":60000,"cacheScope":"private"`
)

// discover tells what the server is (specification 2026-07-28, server/discover).
func (c *conn) discover(r *request) *jsonrpc2.Error {
	versions, err := jsonv2.Marshal(mcp.ModernVersions())
	if err != nil {
		return rpcError(mcp.CodeInternalError, "Internal error")
	}
	dst := append([]byte(`{"resultType":"complete","supportedVersions":`), versions...)
	dst = append(dst, `,"capabilities":`+capabilities...)
	dst = c.server.appendInstructions(dst)
	dst = append(dst, `,`+discoverCaching+`,`...)
	c.reply(r, append(c.server.appendServerMeta(dst, r.revision), '}'))
	return nil
}

// appendServerMeta appends the _meta member that every modern result has.
func (s *Server) appendServerMeta(dst []byte, revision *mcp.Revision) []byte {
	dst = append(dst, `"_meta":{`...)
	return append(s.appendServerInfo(dst, revision), '}')
}

func (s *Server) appendServerInfo(dst []byte, revision *mcp.Revision) []byte {
	dst = append(dst, `"`+mcp.MetaServerInfo+`":`...)
	return append(dst, s.info[revision]...)
}
