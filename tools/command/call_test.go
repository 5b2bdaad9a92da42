package command_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/command"
)

// childSpec is a tool that runs the test binary as the child of this name.
func childSpec(name string, args ...string) command.Spec {
	return command.Spec{
		Definition: tools.Definition{Name: "child"},
		Args:       append([]string{literal(os.Args[0])}, args...),
		Env: map[string]string{
			childEnv: name,
			// A program built with the race detector sleeps before it exits, and one
			// built for coverage complains on stderr, unless told.
			"GORACE":     "atexit_sleep_ms=0",
			"GOCOVERDIR": coverDir,
		},
	}
}

// literal is the template of a text without placeholders.
func literal(text string) string { return strings.ReplaceAll(text, "{", "{{") }

// call makes a tool of spec and calls it with arguments, a JSON object.
func call(ctx context.Context, t testing.TB, spec command.Spec, arguments string) (*tools.Result, error) {
	t.Helper()
	tool, err := command.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return tool.Handler.Call(ctx, &tools.Call{Tool: spec.Name, Arguments: []byte(arguments)})
}

// mustCall is call where no error is expected.
func mustCall(ctx context.Context, t testing.TB, spec command.Spec, arguments string) *tools.Result {
	t.Helper()
	result, err := call(ctx, t, spec, arguments)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// textOf joins the texts of a result.
func textOf(result *tools.Result) string {
	var texts []string
	for _, content := range result.Content {
		texts = append(texts, content.(tools.Text).Text)
	}
	return strings.Join(texts, "\n")
}

// A recorder keeps what a call reports.
type recorder struct {
	mu       sync.Mutex
	progress []tools.Progress // guarded by mu
	usage    tools.Usage      // guarded by mu
	ready    chan struct{}    // closed at the first report
}

func record(ctx context.Context) (context.Context, *recorder) {
	r := &recorder{ready: make(chan struct{})}
	return tools.WithReporter(ctx, r), r
}

func (r *recorder) Report(p tools.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.progress) == 0 {
		close(r.ready)
	}
	r.progress = append(r.progress, p)
}

func (r *recorder) Log(tools.Level, any) {}

func (r *recorder) ReportUsage(u tools.Usage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.usage = u
}

// String lists the reports, one a line.
func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	for _, p := range r.progress {
		fmt.Fprintf(&b, "%v/%v %s\n", p.Done, p.Total, p.Message)
	}
	return b.String()
}
