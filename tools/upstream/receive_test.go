package upstream

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// TestUntrusted sends what servers send by mistake or malice while a call runs: the
// call must end as it should, and everything else be counted.
func TestUntrusted(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		messages []string
		want     Stats
	}{
		{"a banner", []string{"Server listening on port 3000", "", "[debug] ok", "null", "7", `"x"`, "{}", "{", "\xff"}, Stats{Noise: 9}},
		{"an object that is no message", []string{`{"jsonrpc":"2.0"}`, `{"jsonrpc":"2.0","id":3}`}, Stats{Noise: 2}},
		{"what the framing skipped", []string{"skip:longer than the limit"}, Stats{Noise: 1}},
		{"ids never given", []string{
			`{"jsonrpc":"2.0","id":77,"result":{}}`, `{"jsonrpc":"2.0","id":-1,"result":{}}`, `{"jsonrpc":"2.0","id":"2","result":{}}`,
			`{"jsonrpc":"2.0","id":2.0,"result":{}}`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"no"}}`,
			`{"jsonrpc":"2.0","error":{"code":-32601,"message":"no"}}`, `{"jsonrpc":"2.0","id":18446744073709551616,"result":{}}`,
			`{"jsonrpc":"2.0","id":{},"result":{}}`,
		}, Stats{Unmatched: 8}},
		{"progress for nobody", []string{
			`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"2","progress":1}}`,
			`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}`,
			`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1e3,"progress":1}}`,
		}, Stats{Unmatched: 3}},
		{"notifications that cannot be read", []string{
			`{"jsonrpc":"2.0","method":"notifications/progress"}`,
			`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":2,"progress":"most"}}`,
			`{"jsonrpc":"2.0","method":"notifications/message","params":[]}`,
			`{"jsonrpc":"2.0","method":"notifications/unheard_of","params":{}}`,
		}, Stats{}},
		{"requests of a modern server", []string{
			`{"jsonrpc":"2.0","id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":"a","method":"roots/list"}`,
		}, Stats{Refused: 2}},
		{"batches", []string{
			`[{"jsonrpc":"2.0","id":77,"result":{}},{"jsonrpc":"2.0","id":78,"result":{}}]`, `[[]]`, `[1]`, `[`,
		}, Stats{Unmatched: 2, Noise: 3}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newScripted(t)
			client := connect(t, s, "2026-07-28")
			go func() {
				call := s.expect("tools/call")
				for _, m := range test.messages {
					s.send("%s", m)
				}
				s.result(call, textResult)
				s.result(call, textResult) // sent twice
				s.result(s.expect("tools/call"), textResult)
			}()
			for range 2 {
				if _, err := client.CallTool(t.Context(), "t", nil, CallOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			test.want.Unmatched++
			if got := client.Stats(); got != test.want {
				t.Errorf("counted %+v, want %+v", got, test.want)
			}
		})
	}
}

// An error without an id is about the one request in flight, if there is one: nobody
// else could be waiting for it.
func TestErrorWithoutID(t *testing.T) {
	t.Parallel()
	for _, refusal := range []string{
		`{"jsonrpc":"2.0","error":{"code":-32600,"message":"too long"}}`,
		`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"too long"}}`,
	} {
		s := newScripted(t)
		client := connect(t, s, "2026-07-28")
		go func() {
			s.expect("tools/call")
			s.send("%s", refusal)
		}()
		_, err := client.CallTool(t.Context(), "t", nil, CallOptions{})
		var wire *WireError
		if !errors.Is(err, ErrUnread) || !errors.As(err, &wire) || wire.Message != "too long" {
			t.Errorf("%s: got %v", refusal, err)
		}
		ended := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := client.CallTool(t.Context(), "t", nil, CallOptions{})
				ended <- err
			}()
		}
		first, second := s.expect("tools/call"), s.expect("tools/call")
		s.send("%s", refusal) // about either
		s.result(first, textResult)
		s.result(second, textResult)
		for range 2 {
			if err := <-ended; err != nil {
				t.Errorf("%s: got %v", refusal, err)
			}
		}
		if got := client.Stats().Unmatched; got != 1 {
			t.Errorf("%s: %d counted as unmatched", refusal, got)
		}
	}
}

// A server that cannot read the probe is a legacy one, and is not waited for.
func TestProbeIsRefusedWithoutID(t *testing.T) {
	t.Parallel()
	s := newScripted(t)
	go func() {
		s.expect("server/discover")
		s.send(`{"jsonrpc":"2.0","error":{"code":-32600,"message":"what?"}}`)
		s.result(s.expect("initialize"), initializeResult)
		s.expect("notifications/initialized")
	}()
	client, err := Connect(t.Context(), s, Options{ProbeTimeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if client.Server().Modern {
		t.Error("taken for a modern server")
	}
	client.Close()
}

func TestTooMuchNoiseEndsTheConnection(t *testing.T) {
	t.Parallel()
	s := newScripted(t)
	client := connect(t, s, "2026-07-28")
	go func() {
		for range 2 { // each answer starts the count anew
			call := s.expect("tools/call")
			for range maxNoise - 1 {
				s.send("noise")
			}
			s.result(call, textResult)
		}
		s.expect("tools/call")
		for range maxNoise {
			s.send("noise")
		}
	}()
	for range 2 {
		if _, err := client.CallTool(t.Context(), "t", nil, CallOptions{}); err != nil {
			t.Fatalf("one below the limit: %v", err)
		}
	}
	_, err := client.CallTool(t.Context(), "t", nil, CallOptions{})
	if !errors.Is(err, ErrClosed) || !errors.Is(err, ErrProtocol) {
		t.Errorf("error %v, want one that says what ended the connection", err)
	}
	<-s.closed
}

func TestLegacyServerIsAnswered(t *testing.T) {
	t.Parallel()
	s := newScripted(t)
	client := connect(t, s, "2025-03-26")
	for _, exchange := range [][2]string{
		{`{"jsonrpc":"2.0","id":-9007199254740993,"method":"ping"}`, `{"jsonrpc":"2.0","id":-9007199254740993,"result":{}}`},
		{`{"jsonrpc":"2.0","id":"\u00e9","method":"roots/list"}`, `{"jsonrpc":"2.0","id":"\u00e9","error":{"code":-32601,"message":"this client offers no such method"}}`},
		{`[{"jsonrpc":"2.0","id":0,"method":"ping"}]`, `{"jsonrpc":"2.0","id":0,"result":{}}`},
	} {
		s.send("%s", exchange[0])
		compare(t, s.next().text, exchange[1])
	}
	if got, want := client.Stats(), (Stats{Refused: 1}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

// A server that asks without reading must not fill the memory, nor stop the reader.
func TestFloodOfPings(t *testing.T) {
	t.Parallel()
	s := newScripted(t)
	client := connect(t, s, "2025-11-25")
	const flood = 10 * maxReplies
	for i := range flood {
		s.send(`{"jsonrpc":"2.0","id":%d,"method":"ping"}`, i)
	}
	go client.Close()
	answered := 0
	for s.next() != nil {
		answered++
	}
	// One more is in the hands of the writer, and one in those of the reader.
	if answered > maxReplies+2 {
		t.Errorf("%d of %d pings were answered, want at most %d", answered, flood, maxReplies+2)
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	const note = `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"%s","logger":"db","data":{"n":1.0}}}`
	for _, revision := range []string{"2026-07-28", "2025-06-18"} {
		t.Run(revision, func(t *testing.T) {
			t.Parallel()
			s := newScripted(t)
			client := connect(t, s, revision)
			go func() {
				if revision < "2026" {
					level := s.expect("logging/setLevel")
					compare(t, string(level.Params), `{"level":"warning"}`)
					s.result(level, `{}`)
				}
				for range 2 {
					call := s.expect("tools/call")
					for _, level := range []string{"info", "warning", "alert", "loud"} {
						s.send(note, level)
					}
					s.result(call, textResult)
				}
			}()
			for range 2 { // the second time, the level is set
				var got []string
				_, err := client.CallTool(t.Context(), "t", nil, CallOptions{
					LogLevel: tools.LevelWarning,
					OnLog:    func(n Note) { got = append(got, fmt.Sprintf("%s %s %s", n.Level, n.Logger, n.Data)) },
				})
				if err != nil {
					t.Fatal(err)
				}
				compare(t, fmt.Sprint(got), `[warning db {"n":1.0} alert db {"n":1.0}]`)
			}
		})
	}
}
