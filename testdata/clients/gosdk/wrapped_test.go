package gosdk

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// npmServer returns the program of a server of npm, and skips the test where there is none.
func npmServer(t *testing.T, name string) string {
	t.Helper()
	program := filepath.Join("..", "node_modules", ".bin", "mcp-server-"+name)
	if _, err := os.Stat(program); err != nil {
		t.Skip("npm ci has not been run in testdata/clients")
	}
	return program
}

// startServer starts a program and opens a session with it.
func startServer(t *testing.T, client *mcp.Client, command ...string) *mcp.ClientSession {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	session, err := client.Connect(t.Context(), &mcp.CommandTransport{Command: cmd}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	return session
}

// startWrapped does so by sluice wrap.
func startWrapped(t *testing.T, client *mcp.Client, command ...string) *mcp.ClientSession {
	t.Helper()
	sluice := os.Getenv("SLUICE_BIN")
	if sluice == "" {
		t.Skip("SLUICE_BIN does not name the command")
	}
	return startServer(t, client, append([]string{sluice, "wrap", "--history", "off", "--log-level", "warn", "--"}, command...)...)
}

// TestWrappedServer drives a server of npm through sluice wrap.
func TestWrappedServer(t *testing.T) {
	t.Parallel()
	program := npmServer(t, "everything")
	progress := make(chan float64, 100)
	client := mcp.NewClient(&mcp.Implementation{Name: "sluice-test-go", Version: "1.0.0"}, &mcp.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) { progress <- r.Params.Progress },
	})
	session := startWrapped(t, client, program)
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

// TestWrappedServersAnswerAlike has servers of npm answer the same calls through sluice wrap
// and without.
func TestWrappedServersAnswerAlike(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.txt")
	type call struct {
		tool  string
		args  map[string]any
		fails bool
	}
	for server, calls := range map[string][]call{
		"filesystem": {
			{"write_file", map[string]any{"path": file, "content": "one\ntwo ✓\n"}, false},
			{"read_text_file", map[string]any{"path": file, "head": 1}, false},
			{"list_directory", map[string]any{"path": dir}, false},
			{"read_text_file", map[string]any{"path": filepath.Join(dir, "none")}, true},
			{"read_text_file", map[string]any{"path": "/etc/passwd"}, true},
		},
		"memory": {
			{"create_entities", map[string]any{"entities": []any{
				map[string]any{"name": "Ada", "entityType": "person", "observations": []any{"counts"}},
			}}, false},
			{"read_graph", map[string]any{}, false},
			{"search_nodes", map[string]any{"query": "Ada"}, false},
		},
	} {
		t.Run(server, func(t *testing.T) {
			client := mcp.NewClient(&mcp.Implementation{Name: "sluice-test-go", Version: "1.0.0"}, nil)
			answers := func(name string, open func(*testing.T, *mcp.Client, ...string) *mcp.ClientSession) (list *mcp.ListToolsResult, results []*mcp.CallToolResult) {
				t.Setenv("MEMORY_FILE_PATH", filepath.Join(dir, name+".jsonl"))
				session := open(t, client, npmServer(t, server), dir)
				list, err := session.ListTools(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				slices.SortFunc(list.Tools, func(a, b *mcp.Tool) int { return strings.Compare(a.Name, b.Name) })
				for _, c := range calls {
					result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: c.tool, Arguments: c.args})
					if err != nil || result.IsError != c.fails {
						t.Fatalf("%s, %s: %+v, %v", name, c.tool, result, err)
					}
					results = append(results, result)
				}
				return list, results
			}
			tools, want := answers("direct", startServer)
			wrapped, got := answers("wrapped", startWrapped)
			if !reflect.DeepEqual(wrapped.Tools, tools.Tools) {
				t.Errorf("%d tools that are not the %d of the server", len(wrapped.Tools), len(tools.Tools))
			}
			for i := range want {
				if !reflect.DeepEqual(got[i].Content, want[i].Content) || !reflect.DeepEqual(got[i].StructuredContent, want[i].StructuredContent) {
					t.Errorf("%s: got %+v, want %+v", calls[i].tool, got[i], want[i])
				}
			}
		})
	}
}
