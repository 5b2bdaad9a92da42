package transport

import (
	"sync"

	"github.com/sluice-dev/sluice/schema/strict"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// decodeStrict decodes a request or notification that is beyond doubt, in one pass. It
// returns nil for any other message, for decodeFully to judge: it never
// accepts more.
func decodeStrict(data []byte) *message {
	s := strictReaders.Get().(*strictReader)
	defer strictReaders.Put(s)
	// A value here can be two of those that survey counts.
	s.Reset(data, maxDepth, maxValues/2)
	m := &message{}
	ok := s.envelope(m) && s.End()
	s.Reset(nil, 0, 0) // lets go of data
	if !ok || m.method == "" || m.id != nil && !validID(m.id) {
		return nil
	}
	return m
}

type strictReader struct{ strict.Reader }

var strictReaders = sync.Pool{New: func() any { return new(strictReader) }}

func (s *strictReader) envelope(m *message) bool {
	version := false
	o := s.Object()
	for o.Next() {
		name := o.Name()
		if string(name) == "params" {
			if m.hasParams = true; !s.params(m) {
				return false
			}
			continue
		}
		value, ok := s.Raw()
		if !ok {
			return false
		}
		switch string(name) {
		case "jsonrpc":
			version = string(value) == `"2.0"`
		case "id":
			m.id = value
		case "method":
			m.method = methodName(value)
		default:
			return false
		}
	}
	return o.Closed() && version
}

// methodName makes a string of a literal that is a method or notification that we know,
// and no new one; of any other it makes nothing.
func methodName(literal []byte) string {
	for _, name := range []string{
		mcp.MethodCallTool, mcp.NotificationCancelled, mcp.MethodPing, mcp.MethodListTools, mcp.MethodDiscover,
		mcp.MethodListen, mcp.MethodInitialize, mcp.NotificationInitialized, mcp.MethodSetLevel,
	} {
		if len(literal) == len(name)+2 && string(literal[1:len(literal)-1]) == name && literal[0] == '"' {
			return name
		}
	}
	return ""
}

// params reads the members of params, and apart from them those of its _meta.
func (s *strictReader) params(m *message) bool {
	m.params = make(members, 0, 2)
	o := s.Object()
	for o.Next() {
		if string(o.Name()) == "_meta" {
			if !s.members(&m.meta) {
				return false
			}
		} else if !s.member(&m.params, o.Name()) {
			return false
		}
	}
	return o.Closed()
}

func (s *strictReader) members(into *members) bool {
	*into = make(members, 0, 4)
	o := s.Object()
	for o.Next() {
		if !s.member(into, o.Name()) {
			return false
		}
	}
	return o.Closed()
}

func (s *strictReader) member(into *members, name []byte) bool {
	value, ok := s.Raw()
	*into = append(*into, member{memberName(name), value})
	return ok
}

// memberName makes a string of a name, and no new one of a name that is common.
func memberName(name []byte) string {
	switch string(name) {
	case "name":
		return "name"
	case "arguments":
		return "arguments"
	case "requestId":
		return "requestId"
	case mcp.MetaProgressToken:
		return mcp.MetaProgressToken
	case mcp.MetaProtocolVersion:
		return mcp.MetaProtocolVersion
	case mcp.MetaClientCapabilities:
		return mcp.MetaClientCapabilities
	case mcp.MetaClientInfo:
		return mcp.MetaClientInfo
	}
	return string(name)
}
