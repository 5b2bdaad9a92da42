package transport

import (
	"cmp"
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/sourcegraph/jsonrpc2"

	"github.com/sluice-dev/sluice/schema/strict"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// A message is one JSON-RPC message, decoded once: the envelope and the members of
// params and params._meta are told apart, their values still raw. It points into
// the text that it was decoded from.
type message struct {
	id     rawID // nil for a notification
	method string
	params members
	meta   members

	hasParams bool
	size      int  // in bytes, of the text that it points into: that of its whole batch where it is of one
	response  bool // a result or an error and no method: for a request that we would have sent
}

// members are the members of a JSON object in the order they came. Names are unique.
type members []member

type member struct {
	name  string
	value jsontext.Value
}

// get returns the raw value of a member, or nil where there is none.
func (m members) get(name string) jsontext.Value {
	for _, each := range m {
		if each.name == name {
			return each.value
		}
	}
	return nil
}

// text returns the value of a member that is a JSON string.
func (m members) text(name string) (string, bool) {
	value := m.get(name)
	if value.Kind() != '"' {
		return "", false
	}
	if inside := value[1 : len(value)-1]; strict.Plain(inside) {
		return string(inside), true
	}
	text, err := jsontext.AppendUnquote(nil, value)
	return string(text), err == nil
}

// decode reads one message strictly: exact and unique names, valid UTF-8, nothing
// behind the value, within the bounds. The fault, where there is one, is to be sent
// to the peer; of the message only the id is then of use, and nil where it could
// not be told.
func decode(data []byte) (*message, *jsonrpc2.Error) {
	if m := decodeStrict(data); m != nil {
		return m, nil
	}
	return decodeFully(data)
}

// decodeFully decodes any message.
func decodeFully(data []byte) (*message, *jsonrpc2.Error) {
	outline := survey(data)
	if excess := outline.excess(); excess != "" {
		return &message{id: outline.id}, invalidRequest("%s", excess)
	}
	r := readers.Get().(*reader)
	defer r.release()
	r.reset(data)

	m := &message{}
	fault, err := r.envelope(m)
	if err == nil {
		err = r.end()
	}
	switch {
	case err != nil:
		m, fault := syntaxFault(err, outline)
		if m.id == nil && soundBut(data, outline.id) {
			m.id = outline.id
		}
		return m, fault
	case m.response:
		return m, nil
	case m.id != nil && !validID(m.id):
		return &message{}, invalidRequest("an id is a string or an integer of at most %d bytes", maxIDLength)
	default:
		return m, fault
	}
}

// syntaxFault tells names that stand twice, which other parsers would let pass,
// from text that is no JSON at all.
func syntaxFault(err error, outline outline) (*message, *jsonrpc2.Error) {
	if !errors.Is(err, jsontext.ErrDuplicateName) {
		reason := strings.TrimPrefix(err.Error(), "jsontext: ")
		return &message{}, rpcError(mcp.CodeParseError, "Parse error: %s", clip(reason))
	}
	m := &message{id: outline.id}
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) && syntactic.JSONPointer == "/id" {
		m.id = nil
	}
	return m, invalidRequest("a member name stands twice in one object")
}

// soundBut reports whether nothing is wrong with data but that some text in it, and not
// the id, is no Unicode: half a surrogate pair, as languages with UTF-16 strings let
// through when they cut one, or bytes that are not UTF-8. Who sent it can then be told
// which of its requests that is, and does not wait for an answer in vain.
func soundBut(data []byte, id rawID) bool {
	return jsontext.Value(data).IsValid(jsontext.AllowInvalidUTF8(true)) && jsontext.Value(id).IsValid()
}

// envelope reads the top-level object to its end. The fault is the first thing in
// it that makes it no message; the error, text that cannot be read on.
func (r *reader) envelope(m *message) (fault *jsonrpc2.Error, err error) {
	if r.PeekKind() != '{' {
		return invalidRequest("a message is a JSON object"), r.SkipValue()
	}
	var version, method jsontext.Value
	answers := false
	err = r.object(func(name string) (err error) {
		switch name {
		case "jsonrpc":
			version, err = r.raw()
		case "id":
			m.id, err = r.rawID()
		case "method":
			method, err = r.raw()
		case "params":
			m.hasParams = true
			m.params, m.meta, err = r.params()
		case "result", "error":
			answers = true
			err = r.SkipValue()
		default:
			fault = cmp.Or(fault, invalidRequest("unknown member %q in the message", clip(name)))
			err = r.SkipValue()
		}
		return err
	})
	m.response = answers && method == nil
	if err != nil || fault != nil || m.response {
		return fault, err
	}
	if string(version) != `"2.0"` {
		return invalidRequest(`"jsonrpc" must be "2.0"`), nil
	}
	if method.Kind() != '"' || answers {
		return invalidRequest(`a message has a "method", a string, and neither "result" nor "error"`), nil
	}
	name, err := jsontext.AppendUnquote(nil, method)
	m.method = string(name)
	if err == nil && m.hasParams && m.params == nil {
		fault = invalidParams(`"params" must be an object, and so must "_meta" in it`)
	}
	return fault, err
}

func (r *reader) rawID() (rawID, error) {
	value, err := r.raw()
	return rawID(value), err
}

// params reads the members of params, and apart from them those of its _meta. Both
// are nil where one of the two is not an object.
func (r *reader) params() (params, meta members, err error) {
	if r.PeekKind() != '{' {
		return nil, nil, r.SkipValue()
	}
	params, misfit := members{}, false
	err = r.object(func(name string) error {
		if name != "_meta" {
			return r.member(&params, name)
		}
		if misfit = r.PeekKind() != '{'; misfit {
			return r.SkipValue()
		}
		return r.object(func(name string) error { return r.member(&meta, name) })
	})
	if misfit {
		return nil, nil, err
	}
	return params, meta, err
}
