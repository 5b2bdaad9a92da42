package executor

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/tools"
)

func TestOutput(t *testing.T) {
	t.Parallel()
	const schema = `{"type":"object","properties":{"sum":{"type":"number"}},"required":["sum"]}`
	for _, test := range []struct {
		name   string
		schema string
		result *tools.Result
		good   bool
	}{
		{"fits", schema, &tools.Result{Structured: json.RawMessage(`{"sum":3}`)}, true},
		{"does not fit", schema, &tools.Result{Structured: json.RawMessage(`{"sum":"secret"}`)}, false},
		{"not JSON", schema, &tools.Result{Structured: json.RawMessage(`{"sum":secret}`)}, false},
		{"duplicate name", schema, &tools.Result{Structured: json.RawMessage(`{"sum":1,"sum":2}`)}, false},
		{"missing", schema, tools.TextResult("secret"), false},
		{"error without it", schema, tools.ErrorResult("no"), true},
		{"error with another", schema, &tools.Result{IsError: true, Structured: json.RawMessage(`{"why":1}`)}, true},
		{"error with no JSON", schema, &tools.Result{IsError: true, Structured: json.RawMessage(`secret`)}, false},
		{"no schema", "", &tools.Result{Structured: json.RawMessage(`[1]`)}, true},
		{"no schema, not JSON", "", &tools.Result{Structured: json.RawMessage(`[1`)}, false},
		{"no schema, NaN", "", &tools.Result{Structured: json.RawMessage(`NaN`)}, false},
		{"nothing in it", "", &tools.Result{}, true},
		{"nil content", "", &tools.Result{Content: []tools.Content{tools.Text{Text: "secret"}, nil}}, false},
		{"nil, nil", "", nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tool := tool("t", func(context.Context, *tools.Call) (*tools.Result, error) { return test.result, nil })
			if test.schema != "" {
				tool.OutputSchema = json.RawMessage(test.schema)
			}
			e := newEngine(t, Options{}, tool)
			result, err := e.Execute(t.Context(), &Request{Tool: "t"})
			if test.good {
				if err != nil || result != test.result {
					t.Errorf("got %v, %v", result, err)
				}
				return
			}
			failure := wantKind(t, err, KindInvalidOutput, ErrInvalidOutput)
			if result != nil || strings.Contains(failure.Public(), "secret") {
				t.Errorf("the content is out: %v, %s", result, failure.Public())
			}
		})
	}
}

// TestInvoke checks what becomes of what a handler returns beside a plain result.
func TestInvoke(t *testing.T) {
	t.Parallel()
	secret := errors.New("open /etc/shadow: permission denied")
	for _, test := range []struct {
		name string
		err  error
		kind Kind
		text string // of the result, where there is one
	}{
		{"for the model", tools.Errorf("no such order"), "", "no such order"},
		{"for the model, wrapped", errors.Join(secret, tools.Errorf("no such order")), "", "no such order"},
		{"internal", secret, KindInternal, ""},
		{"a context error of its own", context.DeadlineExceeded, KindInternal, ""},
		{"an error of another engine", &Error{Kind: KindOverloaded, Err: secret}, KindInternal, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, Options{}, tool("t", func(context.Context, *tools.Call) (*tools.Result, error) {
				return tools.TextResult("both"), test.err
			}))
			result, err := e.Execute(t.Context(), &Request{Tool: "t"})
			if test.kind == "" {
				if err != nil || !result.IsError || result.Content[0].(tools.Text).Text != test.text {
					t.Errorf("got %+v, %v", result, err)
				}
				return
			}
			failure := wantKind(t, err, test.kind, test.err)
			if want := "internal error (call " + failure.ID + "): "; !strings.HasPrefix(failure.Public(), want) || strings.Contains(failure.Public(), test.err.Error()) || result != nil {
				t.Errorf("the caller is told %q, want %q; result %v", failure.Public(), want, result)
			}
		})
	}
}
