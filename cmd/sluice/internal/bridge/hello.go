package bridge

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools/upstream"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// repeatedID begins the ids of requests that are repeated for the client.
const repeatedID = `"sluice-connect-`

// isRepeated reports whether m answers such a request.
func (m *message) isRepeated() bool {
	return m.isResponse() && bytes.HasPrefix(m.ID, []byte(repeatedID))
}

// hello is what a legacy client has told the server once and for all: a new connection is
// told again. A modern client tells with each request. The bridge guards it.
type hello struct {
	initialize  *message
	version     string // that the server has answered
	initialized bool
	level       *message // the last logging/setLevel
}

func (h *hello) sent(m *message) {
	if m == nil {
		return
	}
	switch m.Method {
	case mcp.MethodInitialize:
		*h = hello{initialize: m}
	case mcp.NotificationInitialized:
		h.initialized = true
	case mcp.MethodSetLevel:
		h.level = m
	}
}

func (h *hello) received(m *message) {
	if h.initialize != nil && h.version == "" && m.isResponse() && bytes.Equal(m.ID, h.initialize.ID) {
		h.version = version(m)
	}
}

func version(m *message) string {
	var result struct {
		Version string `json:"protocolVersion"`
	}
	_ = jsonv2.Unmarshal(m.Result, &result) // what is no result has no version
	return result.Version
}

// complete reports whether there was a handshake.
func (h *hello) complete() bool { return h.version != "" && h.initialized }

// repeat tells a new connection what the client told the one before.
func (h *hello) repeat(ctx context.Context, server upstream.Stream) error {
	if !h.complete() {
		return nil
	}
	// Closed rather than told by a context: that would end with the handshake, and the
	// stream might with it.
	stop := context.AfterFunc(ctx, func() { _ = server.Close(1000, "") })
	defer stop()
	ctx = context.WithoutCancel(ctx)
	if err := server.Write(ctx, again(h.initialize)); err != nil {
		return err
	}
	for {
		text, err := server.Read(ctx)
		if err != nil {
			return err
		}
		answers := read(text)
		if len(answers) != 1 || !answers[0].isRepeated() {
			continue // nothing else is due yet
		}
		if got := version(answers[0]); got != h.version {
			return fmt.Errorf("the server spoke revision %s and now speaks %q", h.version, got)
		}
		break
	}
	err := server.Write(ctx, []byte(`{"jsonrpc":"2.0","method":"`+mcp.NotificationInitialized+`"}`))
	if h.level != nil {
		err = errors.Join(err, server.Write(ctx, again(h.level)))
	}
	return err
}

// again returns a request with an id of our own.
func again(m *message) []byte {
	text := append([]byte(`{"jsonrpc":"2.0","id":`+repeatedID), m.Method...)
	text = mcp.AppendString(append(text, `","method":`...), m.Method)
	text = append(text, `,"params":`...)
	text, err := jsontext.AppendFormat(text, m.Params)
	if err != nil {
		return nil // it was read as JSON before
	}
	return append(text, '}')
}
