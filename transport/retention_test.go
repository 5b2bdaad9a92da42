package transport_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/executor"
)

// What a peer sends beside the arguments of a call, by which the engine bounds what is in
// flight, is not kept while the call waits or runs; nor is what opened a subscription.
func TestRequestsKeepOnlyWhatTheyNeed(t *testing.T) { // alone, for it measures memory
	const requests, size = 48, 256 << 10
	junk := `"junk":"` + strings.Repeat("x", size) + `"`
	call := func(params string) func(int) string {
		return func(n int) string {
			return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"hold",%s}}`, n, params)
		}
	}
	for name, message := range map[string]func(int) string{
		"params": call(junk + `,"arguments":{},$META`),
		"_meta":  call(`"arguments":{},$META+,"progressToken":"\u0061",` + junk + `}`),
		"batch": func(n int) string {
			return fmt.Sprintf(`[{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"hold","arguments":{}}},
				{"jsonrpc":"2.0","method":"junk","params":{%s}}]`, n, junk)
		},
		"subscription": func(n int) string {
			return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"subscriptions/listen","params":{"notifications":{},%s,$META}}`, n, junk)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(o *executor.Options) { o.Concurrency = 1 })
			l := memoryLink(t, f.server)
			l.send(legacyHandshake)
			l.want(`"id":"init"`)
			before := heap()
			for n := range requests {
				l.send(message(n))
				if name == "subscription" {
					l.want("acknowledged")
				}
			}
			if name != "subscription" {
				eventually(t, "the calls wait", func() bool { return len(f.engine.InFlight()) == requests })
			}
			if kept := heap() - before; kept > requests*size/4 {
				t.Errorf("%d requests keep %d bytes", requests, kept)
			}
		})
	}
}

// heap returns how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
