//go:build unix

package main

import (
	"strings"
	"testing"
)

func TestConnect(t *testing.T) {
	t.Parallel()
	token := writeFile(t, strings.Repeat("t", 20))
	s := serve(t, "--token-file", token)
	p := start(t, "connect", s.url, "--token-file", token)
	for _, m := range handshake {
		p.send(m)
	}
	p.send(`{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"countdown","arguments":{"from":600,"interval_ms":1000},"_meta":{"progressToken":0}}}`)
	p.send(`{"jsonrpc":"2.0","id":"d","method":"tools/call","params":{"name":"countdown","arguments":{"from":2,"interval_ms":1},"_meta":{"progressToken":1}}}`)
	p.until(`"progressToken":1`)
	p.until(`"id":"d","result"`)
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	s.exit() // only then its port is free
	p.until(`{"jsonrpc":"2.0","id":"c","result":{"content":[{"type":"text","text":"The connection to the server was lost`)

	again := start(t, "serve", "--listen", strings.TrimPrefix(s.base, "http://"), "--token-file", token)
	again.until("/healthz")
	p.until("notifications/tools/list_changed") // it is connected anew
	p.send(`{"jsonrpc":"2.0","id":"e","method":"tools/call","params":{"name":"countdown","arguments":{"from":2,"interval_ms":1},"_meta":{"progressToken":"e"}}}`)
	p.until(`"progressToken":"e"`)
	p.until(`"id":"e","result"`)
	p.send(`{"jsonrpc":"2.0","id":1e0,"method":"tools/call","params":{"name":"countdown","arguments":{"from":600,"interval_ms":50},"_meta":{"progressToken":-7}}}`)
	p.until(`"progressToken":-7`)
	p.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1e0}}`)
	p.stdin.Close()
	p.wantExit(exitOK)
}

func TestConnectIsRefused(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"a wrong token":   {[]string{s.url, "--token-file", writeFile(t, "wrong")}, exitConnect, "answered 401: the token is missing or wrong"},
		"no token file":   {[]string{s.url, "--token-file", "/nonexistent"}, exitConnect, "no such file"},
		"nobody":          {[]string{"127.0.0.1:1", "--wait", "50ms"}, exitConnect, "nothing listens there"},
		"no URL":          {[]string{"http://x"}, exitUsage, "is not the URL of a WebSocket"},
		"no path of ours": {[]string{strings.TrimSuffix(s.url, "mcp") + "other"}, exitConnect, "answered 404"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, append([]string{"connect"}, test.args...)...)
			p.wantExit(test.code)
			if !strings.Contains(p.stderr.String(), test.want) {
				t.Errorf("got:\n%s", p.stderr)
			}
		})
	}
}
