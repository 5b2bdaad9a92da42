// Package gosdk drives the fixture server with the client of the official Go SDK, in
// a module of its own: the library itself never depends on a peer.
package gosdk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// server is the path of the fixture server's program.
var server string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		if server = os.Getenv("EVERYTHING_BIN"); server == "" {
			dir, err := os.MkdirTemp("", "gosdk")
			if err != nil {
				panic(err)
			}
			defer os.RemoveAll(dir)
			server = filepath.Join(dir, "everything.exe") // the suffix is needed on one system and harms on none
			build := exec.Command("go", "build", "-o", server, "./testdata/everything")
			build.Dir = filepath.Join("..", "..", "..")
			if out, err := build.CombinedOutput(); err != nil {
				panic(fmt.Sprintf("build the fixture server: %v\n%s", err, out))
			}
		}
		return m.Run()
	}())
}

// A session is a connection to a server of its own, with what it was notified of.
type session struct {
	*mcp.ClientSession
	changed chan struct{} // one element a tools/list_changed

	mu       sync.Mutex // guards the rest
	progress map[any][]float64
	levels   []mcp.LoggingLevel
}

func (s *session) reports(token any) []float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.progress[token])
}

// takeLevels returns the levels of the notes since the last time.
func (s *session) takeLevels() []mcp.LoggingLevel {
	s.mu.Lock()
	defer s.mu.Unlock()
	levels := s.levels
	s.levels = nil
	return levels
}

// connect starts a server and speaks that revision with it.
func connect(t *testing.T, revision string) *session {
	t.Helper()
	s := &session{changed: make(chan struct{}, 100), progress: map[any][]float64{}}
	client := mcp.NewClient(&mcp.Implementation{Name: "sluice-test-go", Version: "1.0.0"}, &mcp.ClientOptions{
		ToolListChangedHandler: func(context.Context, *mcp.ToolListChangedRequest) { s.changed <- struct{}{} },
		ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.progress[r.Params.ProgressToken] = append(s.progress[r.Params.ProgressToken], r.Params.Progress)
		},
		LoggingMessageHandler: func(_ context.Context, r *mcp.LoggingMessageRequest) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.levels = append(s.levels, r.Params.Level)
		},
	})
	transport := &mcp.CommandTransport{Command: exec.Command(server, "stdio")}
	var err error
	s.ClientSession, err = client.Connect(t.Context(), transport, &mcp.ClientSessionOptions{ProtocolVersion: revision})
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { s.end(t, transport.Command) })
	return s
}

// end closes the connection, at whose end the server must end too, by itself.
func (s *session) end(t *testing.T, process *exec.Cmd) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if state := process.ProcessState; state == nil || state.ExitCode() != 0 {
		t.Errorf("the server ended with %v, want exit code 0", state)
	}
}

func (s *session) call(t *testing.T, tool string, arguments map[string]any) *mcp.CallToolResult {
	t.Helper()
	result, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		t.Fatalf("call %s: %v", tool, err)
	}
	return result
}

func textOf(result *mcp.CallToolResult) string {
	if len(result.Content) == 0 {
		return ""
	}
	if text, ok := result.Content[0].(*mcp.TextContent); ok {
		return text.Text
	}
	return fmt.Sprintf("%T", result.Content[0])
}

// TestClient runs every exercise in every revision, each on a server of its own.
func TestClient(t *testing.T) {
	exercises := map[string]func(*testing.T, *session){
		"list":       list,
		"call":       call,
		"failures":   failures,
		"progress":   progress,
		"cancel":     cancel,
		"concurrent": concurrent,
		"change":     change,
		"log":        logNotes,
	}
	for _, revision := range []string{"2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"} {
		t.Run(revision, func(t *testing.T) {
			for name, exercise := range exercises {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					s := connect(t, revision)
					agreed := s.InitializeResult()
					if agreed.ProtocolVersion != revision || agreed.ServerInfo.Name != "everything" {
						t.Fatalf("%s speaks %s", agreed.ServerInfo.Name, agreed.ProtocolVersion)
					}
					exercise(t, s)
				})
			}
		})
	}
}

func list(t *testing.T, s *session) {
	var names []string
	for tool, err := range s.Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, tool.Name)
	}
	if len(names) != 44 || !slices.IsSorted(names) {
		t.Errorf("%d tools, want 44 in order: %v", len(names), names)
	}
	page, err := s.ListTools(t.Context(), nil)
	if err != nil || len(page.Tools) != 10 || page.NextCursor == "" {
		t.Errorf("the first page has %d tools, next %q, error %v", len(page.Tools), page.NextCursor, err)
	}
	_, err = s.ListTools(t.Context(), &mcp.ListToolsParams{Cursor: "nonsense"})
	wantCode(t, err, jsonrpc.CodeInvalidParams)
}

func call(t *testing.T, s *session) {
	if got := textOf(s.call(t, "echo", map[string]any{"message": "héllo"})); got != "héllo" {
		t.Errorf("echo returned %q", got)
	}
	sum := s.call(t, "add", map[string]any{"a": 2, "b": 0.5})
	if got := textOf(sum); got != `{"sum":2.5}` {
		t.Errorf("add returned %q", got)
	}
	// Revisions before 2025-06-18 have no structured content.
	if structured := s.InitializeResult().ProtocolVersion >= "2025-06-18"; structured != (sum.StructuredContent != nil) {
		t.Errorf("structured content is %v", sum.StructuredContent)
	}
}

func failures(t *testing.T, s *session) {
	if result := s.call(t, "fail", nil); !result.IsError || textOf(result) != "failed, as asked" {
		t.Errorf("fail returned %q, error %v", textOf(result), result.IsError)
	}
	if result := s.call(t, "panic", nil); !result.IsError || strings.Contains(textOf(result), "goroutine") {
		t.Errorf("panic returned %q, error %v", textOf(result), result.IsError)
	}
	_, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "no_such_tool"})
	wantCode(t, err, jsonrpc.CodeInvalidParams)

	result, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "echo", Arguments: map[string]any{"message": 5}})
	if s.InitializeResult().ProtocolVersion < "2025-11-25" {
		wantCode(t, err, jsonrpc.CodeInvalidParams)
	} else if err != nil || !result.IsError || !strings.Contains(textOf(result), "/message") {
		t.Errorf("wrong arguments gave %+v, %v", result, err)
	}
}

func progress(t *testing.T, s *session) {
	params := &mcp.CallToolParams{Name: "sleep", Arguments: map[string]any{"ms": 500, "steps": 5}}
	params.SetProgressToken("walk")
	if _, err := s.CallTool(t.Context(), params); err != nil {
		t.Fatal(err)
	}
	// The SDK hands notifications on beside the response, so the last may still come.
	eventually(t, "the last report", func() bool { return slices.Contains(s.reports("walk"), 5) })
	// A server that is short of time may leave reports out, but never the last.
	got := s.reports("walk")
	grows := slices.IsSorted(got) && len(slices.Compact(slices.Clone(got))) == len(got)
	if !grows || len(got) < 3 || got[len(got)-1] != 5 {
		t.Errorf("progress is %v", got)
	}
}

// cancel cancels more calls than the server runs at once: it answers the next one
// only if it has given back the room of those.
func cancel(t *testing.T, s *session) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var calls sync.WaitGroup
	for i := range 100 {
		params := &mcp.CallToolParams{Name: "sleep", Arguments: map[string]any{"ms": 25_000, "steps": 500}}
		params.SetProgressToken(fmt.Sprint("walk-", i))
		calls.Go(func() {
			if _, err := s.CallTool(ctx, params); !errors.Is(err, context.Canceled) {
				t.Errorf("the cancelled call returned %v", err)
			}
		})
	}
	eventually(t, "the first report", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.progress) > 0
	})
	stop()
	calls.Wait()
	next, done := context.WithTimeout(t.Context(), 10*time.Second)
	defer done()
	result, err := s.CallTool(next, &mcp.CallToolParams{Name: "echo", Arguments: map[string]any{"message": "alive"}})
	if err != nil || textOf(result) != "alive" {
		t.Errorf("echo returned %+v, %v", result, err)
	}
}

func concurrent(t *testing.T, s *session) {
	var calls sync.WaitGroup
	for i := range 200 {
		calls.Go(func() {
			tag := fmt.Sprintf("tag-%d-%s", i, strings.Repeat("x", 7*i))
			params := &mcp.CallToolParams{Name: "echo", Arguments: map[string]any{"message": tag}}
			if result, err := s.CallTool(t.Context(), params); err != nil || textOf(result) != tag {
				t.Errorf("call %d returned %+v, %v", i, result, err)
			}
		})
	}
	calls.Wait()
}

func change(t *testing.T, s *session) {
	name := textOf(s.call(t, "mutate", nil))
	select {
	case <-s.changed:
	case <-time.After(time.Minute):
		t.Fatal("no notification of the change came")
	}
	if got := textOf(s.call(t, name, nil)); got != name {
		t.Errorf("%s returned %q", name, got)
	}
}

func logNotes(t *testing.T, s *session) {
	for level, want := range map[mcp.LoggingLevel][]mcp.LoggingLevel{
		"debug":     {"debug", "info", "error"},
		"error":     {"error"},
		"emergency": nil,
	} {
		s.callLogging(t, level)
		eventually(t, "the notes", func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return len(s.levels) >= len(want)
		})
		if got := s.takeLevels(); !slices.Equal(got, want) {
			t.Errorf("at level %s came %v, want %v", level, got, want)
		}
	}
}

// callLogging calls the tool that logs, asking for notes of that level and above: in
// the modern era by the call itself, before by a request for the whole connection.
func (s *session) callLogging(t *testing.T, level mcp.LoggingLevel) {
	t.Helper()
	params := &mcp.CallToolParams{Name: "log"}
	if s.InitializeResult().ProtocolVersion >= "2026-07-28" {
		params.Meta = mcp.Meta{mcp.MetaKeyLogLevel: string(level)}
	} else if err := s.SetLoggingLevel(t.Context(), &mcp.SetLoggingLevelParams{Level: level}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CallTool(t.Context(), params); err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, code int64) {
	t.Helper()
	var coded *jsonrpc.Error
	if !errors.As(err, &coded) || coded.Code != code {
		t.Errorf("the error is %v, want code %d", err, code)
	}
}

// eventually waits for what the SDK notes on goroutines of its own.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	deadline, tick := time.After(10*time.Second), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for !happened() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s did not come", what)
		}
	}
}
