package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// junk is what a server says no to, and goes on. Where it has an id, that is one that no
// call has.
var junk = []string{
	"", "{", "null", "[]", "7", `"text"`, "\ufeff{}", "{}{}", `{"jsonrpc":"1.0","id":900000,"method":"ping"}`,
	`{"jsonrpc":"2.0","id":null,"method":"ping"}`, `{"jsonrpc":"2.0","id":1.5,"method":"ping"}`, `{"jsonrpc":"2.0","id":{},"method":"ping"}`,
	`{"jsonrpc":"2.0","Method":"ping","id":900001}`, `{"jsonrpc":"2.0","id":900002,"id":900003,"method":"ping"}`,
	`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"none"}}`,
	strings.Repeat("[", 100_000), `{"jsonrpc":"2.0","method":"` + strings.Repeat("x", 1<<20) + `"}`,
}

// babble sends what is no message, and then a call, which is answered.
func babble(ctx context.Context, c *client) error {
	s, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	for range 10 {
		if err := s.write(ctx, c.any(junk)); err != nil {
			return err
		}
		if c.chance.IntN(10) == 0 {
			if err := s.writeAs(ctx, websocket.MessageBinary, "\x00\x01\x02"); err != nil {
				return err
			}
		}
		made, err := s.call(ctx, "ask", true)
		if err != nil {
			return err
		}
		if s.await(made) != nil || ctx.Err() != nil {
			return nil
		}
		c.ledger.count("junk sent")
		pause(ctx, c.upTo(50*time.Millisecond))
	}
	return nil
}

// breakFrames connects and breaks the rules of HTTP or of WebSocket.
func breakFrames(ctx context.Context, c *client) error {
	address := strings.TrimSuffix(strings.TrimPrefix(c.server.url, "ws://"), "/mcp")
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	token, err := os.ReadFile(c.plan.tokenFile(c.habit.caller))
	if err != nil {
		return err
	}
	upgrade := "GET /mcp HTTP/1.1\r\nHost: " + address + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: c2x1aWNlLWJlbmNobWFyaw==\r\nAuthorization: Bearer " + string(token) + "\r\n\r\n"
	frame := make([]byte, 1+c.chance.IntN(200))
	for i := range frame {
		frame[i] = byte(c.chance.Uint32())
	}
	said := c.any([]string{upgrade + string(frame), upgrade[:c.chance.IntN(len(upgrade))], "\x16\x03\x01" + string(frame), upgrade + "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff"})
	_, _ = conn.Write([]byte(said)) // it may be cut in the middle
	_ = conn.SetReadDeadline(time.Now().Add(c.upTo(500*time.Millisecond) + time.Millisecond))
	_, _ = conn.Read(make([]byte, 4096))
	c.ledger.count("broken connections")
	pause(ctx, c.upTo(100*time.Millisecond))
	return nil
}

// dawdle asks for a lot and reads nothing for a while, or ever: the server puts up with
// it or ends it.
func dawdle(ctx context.Context, c *client) error {
	token, err := os.ReadFile(c.plan.tokenFile(c.habit.caller))
	if err != nil {
		return err
	}
	conn, _, err := websocket.Dial(ctx, c.server.url, &websocket.DialOptions{
		Subprotocols: []string{"mcp", "bearer." + strings.TrimSpace(string(token))},
	})
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	for id := range 80 {
		ask := fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"big","arguments":{"tag":"tag-slow-%d."},"_meta":{%s}}}`, id, id, modernMeta)
		if conn.Write(ctx, websocket.MessageText, []byte(ask)) != nil {
			break
		}
	}
	pause(ctx, c.upTo(20*time.Second))
	c.ledger.count("slow readers")
	return nil
}

// intrude connects as nobody may, and is refused.
func intrude(ctx context.Context, c *client) error {
	token, err := os.ReadFile(c.plan.tokenFile(c.habit.caller))
	if err != nil {
		return err
	}
	good := "Bearer " + strings.TrimSpace(string(token))
	attempts := []struct {
		what, query, host string
		header            http.Header
		want              int
	}{
		{"without a token", "", "", nil, http.StatusUnauthorized},
		{"with a wrong token", "", "", http.Header{"Authorization": {good + "x"}}, http.StatusUnauthorized},
		{"with an empty token", "", "", http.Header{"Authorization": {"Bearer "}}, http.StatusUnauthorized},
		{"from a foreign page", "", "", http.Header{"Authorization": {good}, "Origin": {"https://evil.example"}}, http.StatusForbidden},
		{"from no page", "", "", http.Header{"Authorization": {good}, "Origin": {"null"}}, http.StatusForbidden},
		{"by a foreign name", "", "evil.example", http.Header{"Authorization": {good}}, http.StatusForbidden},
		{"with an invented ticket", "?ticket=0123456789abcdef0123456789abcdef", "", nil, http.StatusUnauthorized},
	}
	a := attempts[c.chance.IntN(len(attempts))]
	conn, response, err := websocket.Dial(ctx, c.server.url+a.query, &websocket.DialOptions{
		Subprotocols: []string{"mcp"}, HTTPHeader: a.header, Host: a.host,
	})
	switch {
	case err == nil:
		_ = conn.CloseNow()
		c.ledger.fault("let in", "%s", a.what)
	case response != nil && response.StatusCode != a.want:
		c.ledger.fault("let in", "%s: answered %d", a.what, response.StatusCode)
	case response != nil:
		c.ledger.count("strangers refused")
	}
	pause(ctx, c.upTo(100*time.Millisecond))
	return nil
}

// crowd opens many connections that do nothing, and ends them all.
func crowd(ctx context.Context, c *client) error {
	var sessions []*session
	defer func() {
		for _, s := range sessions {
			s.leave()
		}
	}()
	for range 100 {
		s, err := c.connect(ctx)
		if err != nil {
			return err
		}
		sessions = append(sessions, s)
	}
	pause(ctx, c.upTo(5*time.Second))
	return nil
}
