package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
)

// The ways in which the tool named fault of a mill misbehaves.
var millFaults = []string{"crash", "stderr", "noise", "silent", "wrong", "twice", "huge", "progress", "ask", "change"}

// mill is an MCP server with a tool that says what it was told, and one that misbehaves
// as it is asked to. It returns its exit code.
func mill(in io.Reader, out, stderr io.Writer) int {
	m := &miller{out: out, stderr: stderr}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		if code, ended := m.hear(lines.Bytes()); ended {
			return code
		}
	}
	return 0
}

type miller struct {
	mu     sync.Mutex // of out
	out    io.Writer
	stderr io.Writer
	more   bool // there is one more tool
}

type millRequest struct {
	ID     json.RawMessage
	Method string
	Params struct {
		Name      string
		Arguments struct{ Tag, Mode string }
		Meta      struct {
			Token json.RawMessage `json:"progressToken"`
		} `json:"_meta"`
	}
}

const millTools = `{"tools":[%s` +
	`{"name":"echo","description":"Says the tag.","inputSchema":{"type":"object","properties":{"tag":{"type":"string"}},"required":["tag"]}},` +
	`{"name":"fault","description":"Misbehaves.","inputSchema":{"type":"object","properties":{"tag":{"type":"string"},"mode":{"type":"string"}},"required":["tag","mode"]}}]}`

// hear answers one line. Ended says that the server ends, and how.
func (m *miller) hear(line []byte) (code int, ended bool) {
	var r millRequest
	if json.Unmarshal(line, &r) != nil || r.ID == nil {
		return 0, false
	}
	switch r.Method {
	case "initialize":
		m.answer(r.ID, `{"protocolVersion":"2025-06-18","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"mill","version":"1"}}`)
	case "ping":
		m.answer(r.ID, `{}`)
	case "tools/list":
		more := ""
		if m.more {
			more = `{"name":"more","description":"Comes and goes.","inputSchema":{"type":"object"}},`
		}
		m.answer(r.ID, fmt.Sprintf(millTools, more))
	case "tools/call":
		if r.Params.Name == "fault" {
			return m.misbehave(&r)
		}
		m.answer(r.ID, millText(r.Params.Arguments.Tag))
	default:
		m.say(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"Method not found"}}`, r.ID))
	}
	return 0, false
}

func (m *miller) misbehave(r *millRequest) (code int, ended bool) {
	said := millText(r.Params.Arguments.Tag)
	switch r.Params.Arguments.Mode {
	case "crash":
		return 3, true
	case "silent":
		return 0, false
	case "stderr":
		_, _ = io.WriteString(m.stderr, strings.Repeat("a line that nobody wants to read\n", 100_000))
	case "noise":
		m.say(strings.Repeat("no JSON\n", 30) + `{"jsonrpc":"2.0"}`)
	case "wrong":
		m.answer([]byte(`987654321`), millText("another call's"))
	case "twice":
		m.answer(r.ID, said)
	case "huge":
		said = millText(strings.Repeat("huge ", 1<<20))
	case "ask":
		m.say(`{"jsonrpc":"2.0","id":"mine","method":"sampling/createMessage","params":{}}`)
	case "change":
		m.more = !m.more
		m.say(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`)
	case "progress":
		for i := range 1000 {
			if r.Params.Meta.Token != nil {
				m.say(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":%d}}`, r.Params.Meta.Token, i+1))
			}
		}
	}
	m.answer(r.ID, said)
	return 0, false
}

func millText(text string) string {
	quoted, _ := json.Marshal(text)
	return fmt.Sprintf(`{"content":[{"type":"text","text":%s}]}`, quoted)
}

func (m *miller) answer(id json.RawMessage, result string) {
	m.say(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, id, result))
}

func (m *miller) say(line string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, _ = io.WriteString(m.out, line+"\n")
}
