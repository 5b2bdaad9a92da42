package transport

import (
	"bytes"
	"strings"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// A request is a message with an id, and how it is to be understood and answered.
type request struct {
	*message
	// key is what tells the request's id from others: see rawID.key.
	key string
	// revision is the one that the request is of: its own where it is modern, that
	// of the handshake otherwise; nil for a legacy request before the handshake.
	revision *mcp.Revision
	// level is from which severity on the caller wants log notes; empty for none.
	level tools.Level
	// token is the progress token; nil where no progress is wanted.
	token rawID
	// batch collects the answer where the request came in one; nil otherwise.
	batch *batch
	// burst is what the call is part of; nil where it is run alone.
	burst *burst
}

// maxBeside is how many bytes may stand beside the arguments of a call for the text that it
// came in to be kept with it.
const maxBeside = 4 << 10

// detach lets go of what a call needs no more, now that it is read, and returns its arguments.
// The engine bounds what is in flight by these alone, so nothing else that a peer sends may
// stay for as long as the call does.
func (r *request) detach(arguments []byte) []byte {
	r.params, r.meta = nil, nil
	if r.size <= 2*len(arguments)+maxBeside {
		return arguments
	}
	r.id, r.token = bytes.Clone(r.id), bytes.Clone(r.token)
	return bytes.Clone(arguments)
}

// modernKeys are the keys of _meta that only a modern request has.
var modernKeys = []string{
	mcp.MetaProtocolVersion, mcp.MetaClientCapabilities, mcp.MetaClientInfo, mcp.MetaLogLevel,
}

// modern reports whether the request claims to be of a modern revision.
func (m *message) modern() bool {
	for _, key := range modernKeys {
		if m.meta.get(key) != nil {
			return true
		}
	}
	return false
}

// understand finds the revision, log level and progress token of a request. Every
// modern request is judged by its own _meta alone
// (specification 2026-07-28, basic, "Statelessness").
func (c *conn) understand(r *request) *jsonrpc2.Error {
	if token := r.meta.get(mcp.MetaProgressToken); token != nil {
		if !validID(token) {
			return invalidParams("a progress token is a string or an integer of at most %d bytes", maxIDLength)
		}
		r.token = rawID(token)
	}
	if r.modern() {
		return r.understandModern()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r.revision, r.level = c.revision, c.level
	return nil
}

func (r *request) understandModern() *jsonrpc2.Error {
	if r.meta.get(mcp.MetaProtocolVersion) == nil {
		return missingMeta(r.meta)
	}
	version, ok := r.meta.text(mcp.MetaProtocolVersion)
	if !ok {
		return invalidParams("%q in _meta must be a string", mcp.MetaProtocolVersion)
	}
	if r.revision = mcp.Modern(version); r.revision == nil {
		return unsupportedVersion(clip(version))
	}
	capabilities := r.meta.get(mcp.MetaClientCapabilities)
	if capabilities == nil {
		return missingMeta(r.meta)
	}
	if capabilities.Kind() != '{' {
		return invalidParams("%q in _meta must be an object", mcp.MetaClientCapabilities)
	}
	if info := r.meta.get(mcp.MetaClientInfo); info != nil && !validImplementation(info) {
		return invalidParams("%q in _meta must be an object with a name and a version", mcp.MetaClientInfo)
	}
	if r.meta.get(mcp.MetaLogLevel) != nil {
		level, fault := readLevel(r.meta, mcp.MetaLogLevel)
		r.level = level
		return fault
	}
	return nil
}

// missingMeta names the required keys of _meta that are not there.
func missingMeta(meta members) *jsonrpc2.Error {
	var missing []string
	for _, key := range []string{mcp.MetaProtocolVersion, mcp.MetaClientCapabilities} {
		if meta.get(key) == nil {
			missing = append(missing, `"`+key+`"`)
		}
	}
	return invalidParams("the request's _meta lacks %s", strings.Join(missing, " and "))
}

func readLevel(from members, name string) (tools.Level, *jsonrpc2.Error) {
	text, _ := from.text(name)
	level := tools.Level(text)
	if level.Severity() < 0 {
		return "", invalidParams("%q must be one of debug, info, notice, warning, error, critical, alert, emergency", name)
	}
	return level, nil
}
