package executor

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/tools"
)

type badStringer struct{}

func (badStringer) Error() string { panic("in Error") }

// TestRecover checks that a panic of any sort fails its own call, that what it
// panicked with stands in the log with the call's id and nowhere else, and that the
// next call is served.
func TestRecover(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	var nilMap map[string]int
	for _, test := range []struct {
		name   string
		panics func()
		logged string
	}{
		{"string", func() { panic(secret) }, secret},
		{"error", func() { panic(errors.New(secret)) }, secret},
		{"nil map", func() { nilMap[secret] = 1 }, "nil map"},
		{"nil pointer", func() { _ = *(*int)(nil) }, "nil pointer"},
		{"nil", func() { panic(nil) }, "nil"}, //nolint // on purpose
		{"error that panics", func() { panic(badStringer{}) }, "in Error"},
		{"goexit", runtime.Goexit, "ended its goroutine"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			e := newEngine(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))},
				tool("bad", func(context.Context, *tools.Call) (*tools.Result, error) {
					test.panics()
					return nil, nil
				}), tool("good", echo))
			_, err := e.Execute(t.Context(), &Request{Tool: "bad"})
			failure := wantKind(t, err, KindPanic, ErrPanic)
			for _, public := range []string{failure.Public(), failure.Error(), records(e)[0].Reason} {
				if strings.Contains(public, secret) || strings.Contains(public, ".go:") {
					t.Errorf("a secret is out: %s", public)
				}
			}
			for _, want := range []string{test.logged, failure.ID, "recover_test.go"} {
				if !strings.Contains(log.String(), want) && (test.name != "goexit" || want != "recover_test.go") {
					t.Errorf("the log lacks %q:\n%s", want, &log)
				}
			}
			if err := <-start(e, t.Context(), "good"); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRecoverOutside checks the code that is not the tool's: a policy of the user's,
// and the caller's own functions.
func TestRecoverOutside(t *testing.T) {
	t.Parallel()
	t.Run("policy", func(t *testing.T) {
		t.Parallel()
		e := newEngine(t, Options{Policies: []Policy{func(Handler) Handler {
			return func(context.Context, *Execution) (*tools.Result, error) { panic("policy") }
		}}}, tool("t", echo))
		wantKind(t, <-start(e, t.Context(), "t"), KindPanic, ErrPanic)
	})
	t.Run("policy that ends its goroutine", func(t *testing.T) {
		t.Parallel()
		e := newEngine(t, Options{Policies: []Policy{func(Handler) Handler {
			return func(context.Context, *Execution) (*tools.Result, error) { runtime.Goexit(); return nil, nil }
		}}}, tool("t", echo))
		for _, err := range e.Stream(t.Context(), &Request{Tool: "t"}) {
			if !errors.Is(err, ErrPanic) {
				t.Errorf("stream: %v", err)
			}
		}
		if r := records(e); len(r) != 1 || r[0].Kind != KindPanic {
			t.Errorf("records: %+v", r)
		}
	})
	t.Run("caller", func(t *testing.T) {
		t.Parallel()
		e := newEngine(t, Options{}, tool("t", func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
			tools.Report(ctx, tools.Progress{Done: 1})
			tools.Report(ctx, tools.Progress{Done: 2})
			return tools.TextResult(""), nil
		}))
		called := 0
		_, err := e.Execute(t.Context(), &Request{Tool: "t", OnProgress: func(tools.Progress) { called++; panic("caller") }})
		if err != nil || called != 1 {
			t.Errorf("%v after %d calls", err, called)
		}
	})
}
