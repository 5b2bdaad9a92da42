package transport_test

import "testing"

// Where a newline ends a message, a blank line is none; where a frame is a message, an
// empty one is a message that is not JSON.
func TestNothingBetweenMessages(t *testing.T) {
	for name, connect := range transports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := connect(t, newFixture(t).server)
			for _, blank := range []string{"", " \t", "\r"} {
				l.send(blank)
				if name != "stdio" {
					l.want(`{"jsonrpc":"2.0","error":{"code":-32700,`)
				}
			}
			l.send(pingMessage)
			l.want(`"id":"ping","result":{}`)
		})
	}
}
