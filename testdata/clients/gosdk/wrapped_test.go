package gosdk

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// TestWrappedServer drives a server of npm through sluice wrap.
func TestWrappedServer(t *testing.T) {
	t.Parallel()
	program := filepath.Join("..", "node_modules", ".bin", "mcp-server-everything")
	if _, err := os.Stat(program); err != nil {
		t.Skip("npm ci has not been run in testdata/clients")
	}
	sluice := os.Getenv("SLUICE_BIN")
	if sluice == "" {
		t.Skip("SLUICE_BIN does not name the command")
	}
	progress := make(chan float64, 100)
	client := mcp.NewClient(&mcp.Implementation{Name: "sluice-test-go", Version: "1.0.0"}, &mcp.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) { progress <- r.Params.Progress },
	})
	command := exec.Command(sluice, "wrap", "--history", "off", "--log-level", "warn", "--", program)
	command.Stderr = os.Stderr
	session, err := client.Connect(t.Context(), &mcp.CommandTransport{Command: command}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	list, err := session.ListTools(t.Context(), nil)
	if err != nil || len(list.Tools) < 10 {
		t.Fatalf("%+v, %v", list, err)
	}
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "get-sum", Arguments: map[string]any{"a": 2, "b": 3}})
	if err != nil || result.IsError || result.Content[0].(*mcp.TextContent).Text != "The sum of 2 and 3 is 5." {
		t.Errorf("%+v, %v", result, err)
	}
	long := &mcp.CallToolParams{Name: "trigger-long-running-operation", Arguments: map[string]any{"duration": 0.3, "steps": 3}}
	long.SetProgressToken("p")
	if result, err = session.CallTool(t.Context(), long); err != nil || result.IsError || len(progress) < 2 {
		t.Errorf("%+v, %v, %d reports of progress", result, err, len(progress))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	long.Arguments = map[string]any{"duration": 60, "steps": 10}
	if _, err := session.CallTool(ctx, long); err == nil {
		t.Error("a cancelled call has a result")
	}
	if err := session.Ping(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
