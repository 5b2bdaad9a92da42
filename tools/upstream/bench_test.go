package upstream

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
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
