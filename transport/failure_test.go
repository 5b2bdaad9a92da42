package transport_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// onWire says how each kind of failure reaches a client: as a JSON-RPC error of this
// code, where there is one, or as a result with isError; and what a model learns from
// it: whether to try again, when, or what to change. after stands for the time.
const after = "Try again in 1.5s"

var onWire = map[executor.Kind]struct {
	code, legacy int // of the error; 0 is a result. legacy holds before 2025-11-25
	says         string
}{
	executor.KindShuttingDown:     {0, 0, after},
	executor.KindUnaudited:        {0, 0, after},
	executor.KindMemoryPressure:   {0, 0, after},
	executor.KindUnknownTool:      {mcp.CodeInvalidParams, mcp.CodeInvalidParams, "use a name from the list"},
	executor.KindForbidden:        {0, 0, "Use another tool, or ask whoever runs this server"},
	executor.KindInvalidArguments: {0, mcp.CodeInvalidParams, "Correct them and call again"},
	executor.KindVetoed:           {0, 0, "Change what it asks for or use another tool"},
	executor.KindRateLimited:      {0, 0, after},
	executor.KindCircuitOpen:      {0, 0, after + ", or use another tool"},
	executor.KindRepeatedFailure:  {0, 0, "Change the arguments or use another tool"},
	executor.KindOverloaded:       {0, 0, after},
	executor.KindTimeout:          {0, 0, "with less work in one call"},
	executor.KindCancelled:        {0, 0, "Call it again if its result is still wanted"},
	executor.KindPanic:            {0, 0, "change the arguments or use another tool"},
	executor.KindResultTooLarge:   {0, 0, "Ask for less in one call"},
	executor.KindInvalidOutput:    {0, 0, "Calling it again is unlikely to help"},
	executor.KindInternal:         {0, 0, "Try again once"},
}

// TestEveryKindReachesTheClient sends a failure of each kind over the wire, in both
// forms that the revisions have.
func TestEveryKindReachesTheClient(t *testing.T) {
	t.Parallel()
	secret := errors.New("open /etc/secret: hunter2")
	for kind, want := range onWire {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, func(o *executor.Options) {
				o.Policies = []executor.Policy{func(executor.Handler) executor.Handler {
					return func(context.Context, *executor.Execution) (*tools.Result, error) {
						return nil, &executor.Error{Kind: kind, RetryAfter: 1500*time.Millisecond - 1, Err: secret}
					}
				}}
			})
			l := memoryLink(t, f.server)
			l.send(callMessage(1, "echo", `{"text":""}`, ""))
			isFailure(t, l.recv(), kind, want.code, want.says)
			l.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":%q,"capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`, mcp.Revision20250618.Version),
				`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
			l.want(mcp.Revision20250618.Version)
			l.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":""}}}`)
			isFailure(t, l.recv(), kind, want.legacy, want.says)
		})
	}
}

func isFailure(t *testing.T, message string, kind executor.Kind, code int, says string) {
	t.Helper()
	var response struct {
		Error struct {
			Code    int
			Message string
		}
		Result struct {
			Content []struct{ Text string }
			IsError bool
			Meta    struct {
				Error struct {
					Kind         executor.Kind
					RetryAfterMs int
				} `json:"dev.sluice/error"`
			} `json:"_meta"`
		}
	}
	if err := json.Unmarshal([]byte(message), &response); err != nil {
		t.Fatal(err)
	}
	text := response.Error.Message
	if code == 0 {
		if detail := response.Result.Meta.Error; !response.Result.IsError || detail.Kind != kind || detail.RetryAfterMs != 1500 {
			t.Fatalf("got %s", message)
		}
		text = response.Result.Content[0].Text
	}
	if response.Error.Code != code || !strings.Contains(text, says) || strings.Contains(message, "hunter2") {
		t.Errorf("got %s, want the code %d and %q", message, code, says)
	}
}

// TestEveryKindIsOnTheWire fails when a kind is added that the table above does not know.
func TestEveryKindIsOnTheWire(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "../executor/error.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Kind") || len(spec.Values) == 0 {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if _, known := onWire[executor.Kind(text)]; err != nil || !known {
			t.Errorf("nothing is said of %s", spec.Names[0].Name)
		}
		found++
		return true
	})
	if found != len(onWire) {
		t.Errorf("%d kinds, and the table has %d", found, len(onWire))
	}
}
