package transport_test

import (
	"strings"
	"testing"
)

const legacyHandshake = `{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"t","version":"0"}}}`

// A batch is one message, whose answers are held until the last: what it can ask for
// is bounded all the same, and each of its requests is answered.
func TestBatchIsBounded(t *testing.T) {
	overAll(t, func(t *testing.T, f *fixture, l *link) {
		const requests = 20_000
		l.send(legacyHandshake)
		l.want(`"id":"init"`, `"2025-03-26"`)
		l.send("[" + strings.Repeat(`{"jsonrpc":"2.0","id":1,"method":"tools/list"},`, requests-1) + pingMessage +
			`,{"jsonrpc":"2.0","id":7,"result":{}},` + cancelMessage(7) + "]") // the last two are not answered
		got := l.want(`"tools":[`, `"code":-31000`, `"id":"ping","error"`)
		if n := strings.Count(got, `{"jsonrpc":"2.0",`); n != requests {
			t.Errorf("%d answers to %d requests", n, requests)
		}
		if len(got) > 5<<20 {
			t.Errorf("a batch of %d requests is answered with %d bytes", requests, len(got))
		}
		l.send(pingMessage)
		l.want(`"id":"ping","result":{}`)
	})
}
