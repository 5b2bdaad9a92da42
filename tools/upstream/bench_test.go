package upstream

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/tools"
)

// BenchmarkCallTool is a call and its answer over a stream of channels: the client
// and two hand-overs of the stream.
func BenchmarkCallTool(b *testing.B) {
	for _, size := range []int{64, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := newScripted(b)
			client := connect(b, s, "2026-07-28")
			text := strings.Repeat("x", size)
			arguments := fmt.Appendf(nil, `{"text":%q}`, text)
			go answerAll(s, fmt.Sprintf(`,"result":{"content":[{"type":"text","text":%q}]}}`, text))
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				if _, err := client.CallTool(b.Context(), "echo", arguments, CallOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// answerAll answers every request the same, and without reading more than its id.
func answerAll(s *scripted, rest string) {
	for {
		var msg []byte
		select {
		case msg = <-s.toServer:
		case <-s.closed:
			return
		}
		id, _, _ := bytes.Cut(msg[len(`{"jsonrpc":"2.0","id":`):], []byte{','})
		answer := append([]byte(`{"jsonrpc":"2.0","id":`), id...)
		select {
		case s.toClient <- append(answer, rest...):
		case <-s.closed:
			return
		}
	}
}

// BenchmarkHandler is a call as an engine makes it, of a server that answers at once. What
// it has over BenchmarkCallTool is the handler's.
func BenchmarkHandler(b *testing.B) {
	registry := &tools.Registry{}
	server := newScripted(b)
	u, err := New(Spec{Name: "echo", Open: func(context.Context) (Stream, error) { return server, nil }}, registry)
	if err != nil {
		b.Fatal(err)
	}
	u.Start()
	defer u.Close(b.Context())
	server.result(server.expect("server/discover"), discoverResult)
	server.list(named("echo", ""))
	<-u.Settled()
	go answerAll(server, `,"result":{"resultType":"complete","content":[{"type":"text","text":"hello"}]}}`)
	entry, _ := registry.Snapshot().Lookup("echo")
	call := &tools.Call{Arguments: []byte(`{"text":"hello"}`)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := entry.Handler.Call(b.Context(), call); err != nil {
			b.Fatal(err)
		}
	}
}
