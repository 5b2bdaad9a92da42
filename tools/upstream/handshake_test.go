package upstream

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestHandshake(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		options  Options
		server   func(s *scripted)
		revision string
		err      error
		code     int64         // of the WireError, where that is the error
		took     time.Duration // of virtual time
	}{
		{name: "modern", revision: "2026-07-28", server: func(s *scripted) {
			s.result(s.expect("server/discover"), discoverResult)
		}},
		{name: "modern, with a server info that cannot be read", revision: "2026-07-28", server: func(s *scripted) {
			s.result(s.expect("server/discover"), `{"supportedVersions":["2026-07-28"],"_meta":{"io.modelcontextprotocol/serverInfo":7}}`)
		}},
		{name: "modern, late", revision: "2026-07-28", took: 3 * time.Second, server: func(s *scripted) {
			probe := s.expect("server/discover")
			initialize := s.expect("initialize")
			s.refuse(initialize, -32601)
			s.result(probe, discoverResult)
		}},
		{name: "modern, of versions to come", err: ErrVersion, server: func(s *scripted) {
			s.send(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32022,"message":"no","data":{"supported":["2030-01-01"],"requested":"2026-07-28"}}}`,
				s.expect("server/discover").ID)
		}},
		{name: "modern, of versions to come and a legacy one", revision: "2025-06-18", server: func(s *scripted) {
			s.send(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32022,"message":"no","data":{"supported":["2030-01-01","2025-06-18"]}}}`,
				s.expect("server/discover").ID)
			s.result(s.expect("initialize"), `{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"s","version":"1"}}`)
			s.expect("notifications/initialized")
		}},
		{name: "legacy, unknown method", revision: "2025-11-25", server: legacyAfter(-32601)},
		{name: "legacy, invalid params", revision: "2025-11-25", server: legacyAfter(-32602)},
		{name: "legacy, an error of its own", revision: "2025-11-25", server: legacyAfter(-32000)},
		{name: "legacy, an empty result for all it does not know", revision: "2025-11-25", server: func(s *scripted) {
			s.result(s.expect("server/discover"), `{}`)
			s.result(s.expect("initialize"), initializeResult)
			s.expect("notifications/initialized")
		}},
		{name: "legacy, silent", revision: "2025-11-25", took: 3 * time.Second, server: func(s *scripted) {
			s.expect("server/discover")
			s.result(s.expect("initialize"), initializeResult)
			s.expect("notifications/initialized")
		}},
		{name: "legacy, known to be", options: Options{Legacy: true}, revision: "2025-11-25", server: func(s *scripted) {
			s.result(s.expect("initialize"), initializeResult)
			s.expect("notifications/initialized")
		}},
		{name: "legacy, pings first", revision: "2025-11-25", server: func(s *scripted) {
			s.refuse(s.expect("server/discover"), -32601)
			initialize := s.expect("initialize")
			s.send(`{"jsonrpc":"2.0","id":-7,"method":"ping"}`)
			if pong := s.next(); string(pong.ID) != "-7" || string(pong.Result) != "{}" {
				s.t.Errorf("ping was answered %s", pong.text)
			}
			s.result(initialize, initializeResult)
			s.expect("notifications/initialized")
		}},
		{name: "legacy, of an unknown revision", err: ErrVersion, server: func(s *scripted) {
			s.refuse(s.expect("server/discover"), -32601)
			s.result(s.expect("initialize"), `{"protocolVersion":"2026-07-28"}`)
		}},
		{name: "refuses both", code: -32603, server: func(s *scripted) {
			s.refuse(s.expect("server/discover"), -32601)
			s.refuse(s.expect("initialize"), -32603)
		}},
		{name: "refuses one and is silent on the other", code: -32603, took: 4 * time.Second,
			options: Options{ProbeTimeout: 2 * time.Second}, server: func(s *scripted) {
				s.expect("server/discover")
				s.refuse(s.expect("initialize"), -32603)
			}},
		{name: "silent", err: context.DeadlineExceeded, took: time.Minute, server: func(s *scripted) {
			s.expect("server/discover")
			s.expect("initialize")
		}},
		{name: "ends", err: ErrClosed, server: func(s *scripted) {
			s.expect("server/discover")
			close(s.ended)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newScripted(t)
				scriptDone := make(chan struct{})
				go func() { defer close(scriptDone); test.server(s) }()
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				start := time.Now()
				client, err := Connect(ctx, s, test.options)
				if took := time.Since(start); took != test.took {
					t.Errorf("it took %v, want %v", took, test.took)
				}
				<-scriptDone
				checkHandshake(t, client, err, test.revision, test.err, test.code)
				select {
				case <-s.closed:
				default:
					t.Error("the stream is still open")
				}
			})
		})
	}
}

func legacyAfter(code int) func(*scripted) {
	return func(s *scripted) {
		s.refuse(s.expect("server/discover"), code)
		s.result(s.expect("initialize"), initializeResult)
		s.expect("notifications/initialized")
	}
}

// checkHandshake checks what Connect returned, and closes the client.
func checkHandshake(t *testing.T, client *Client, err error, revision string, want error, code int64) {
	t.Helper()
	var refusal *WireError
	switch {
	case code != 0:
		if !errors.As(err, &refusal) || refusal.Code != code {
			t.Errorf("error %v, want one of code %d", err, code)
		}
		return
	case want != nil:
		if !errors.Is(err, want) {
			t.Errorf("error %v, want %v", err, want)
		}
		return
	case err != nil:
		t.Fatal(err)
	}
	if got := client.Server(); got.Revision != revision || got.Modern != (revision >= "2026") {
		t.Errorf("settled on %+v, want %s", got, revision)
	}
	if err := client.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestOpeningMessages(t *testing.T) {
	t.Parallel()
	const (
		discover   = `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"sluice","version":"0.0.0"},"io.modelcontextprotocol/clientCapabilities":{}}}}`
		initialize = `{"jsonrpc":"2.0","id":2,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"sluice","version":"0.0.0"}}}`
		ready      = `{"jsonrpc":"2.0","method":"notifications/initialized"}`
	)
	s := newScripted(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		compare(t, s.next().text, discover)
		s.send(`{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}`)
		compare(t, s.next().text, initialize)
		s.send(`{"jsonrpc":"2.0","id":2,"result":%s}`, initializeResult)
		compare(t, s.next().text, ready)
	}()
	client, err := Connect(t.Context(), s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	<-done
	server := client.Server()
	if server.Info.Name != "scripted" || server.Instructions != "be kind" {
		t.Errorf("the server is described as %+v", server)
	}
	client.Close()
}

func compare(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
