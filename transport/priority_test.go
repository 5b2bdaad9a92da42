package transport_test

import (
	"context"
	"testing"

	"github.com/sluice-dev/sluice/executor"
)

// TestPriority checks the class of a call in both eras, and what is none.
func TestPriority(t *testing.T) {
	t.Parallel()
	got := make(chan executor.Priority, 1)
	f := newFixture(t, func(o *executor.Options) {
		o.Before = append(o.Before, func(_ context.Context, x *executor.Execution) error {
			got <- x.Request.Priority
			return nil
		})
	})
	modern := func(extra string) string { return callMessage(1, "echo", `{"text":""}`, extra) }
	legacy := func(extra string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":""},"_meta":{` + extra + `}}}`
	}
	for era, message := range map[string]func(string) string{"modern": modern, "legacy": legacy} {
		l := memoryLink(t, f.server)
		if era == "legacy" {
			l.send(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`)
			l.want("2025-11-25")
		}
		for extra, want := range map[string]executor.Priority{
			``: executor.PriorityUsual, `"dev.sluice/priority":"normal"`: executor.PriorityNormal,
			`"dev.sluice/priority":"interactive"`: executor.PriorityInteractive, `"dev.sluice/priority":"batch"`: executor.PriorityBatch,
		} {
			l.send(message(extra))
			l.want(`"id":1`, `"content"`)
			if p := <-got; p != want {
				t.Errorf("%s, %s: got %v", era, extra, p)
			}
		}
		for _, value := range []string{`"high"`, `"Batch"`, `""`, `1`, `null`, `{}`, `["batch"]`} {
			l.send(message(`"dev.sluice/priority":` + value))
			l.want(`"id":1`, `-32602`, `interactive, normal, batch`)
		}
	}
}
