package executor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/tools"
)

// TestHooksOrder checks who is called when, and with what.
func TestHooksOrder(t *testing.T) {
	t.Parallel()
	secret := errors.New("hunter2")
	for _, test := range []struct {
		name   string
		veto   error // of the second hook
		call   error // of the handler
		want   string
		kind   Kind
		wraps  error
		public string
	}{
		{"returns", nil, nil, "a b call A() B()", "", nil, ""},
		{"fails", nil, secret, "a b call A(internal) B(internal)", KindInternal, secret, "internal error"},
		{"vetoed", secret, nil, "a b A(vetoed) B(vetoed)", KindVetoed, ErrVetoed, "refused by a rule"},
		{"vetoed with words", tools.Errorf("not on Sundays"), nil, "a b A(vetoed) B(vetoed)", KindVetoed, ErrVetoed, "not on Sundays"},
		{"vetoed with a code", &Error{Kind: "quota", Err: secret}, nil, "a b A(quota) B(quota)", "quota", secret, "quota"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var trail []string
			before := func(name string, err error) func(context.Context, *Execution) error {
				return func(_ context.Context, x *Execution) error {
					if x.Call.Values == nil || x.Entry.Name != "t" {
						t.Errorf("the hook was given %+v", x)
					}
					trail = append(trail, name)
					return err
				}
			}
			after := func(name string) func(context.Context, *Execution, *tools.Result, error) error {
				return func(_ context.Context, _ *Execution, result *tools.Result, err error) error {
					var failure *Error
					kind := Kind("")
					if errors.As(err, &failure) {
						kind = failure.Kind
					}
					if (result == nil) != (err != nil) {
						t.Errorf("the hook was given %v, %v", result, err)
					}
					trail = append(trail, fmt.Sprintf("%s(%s)", name, kind))
					return nil
				}
			}
			opts := Options{}
			opts.Before = append(opts.Before, before("a", nil), before("b", test.veto))
			opts.After = append(opts.After, after("A"), after("B"))
			e := newEngine(t, opts, tool("t", func(context.Context, *tools.Call) (*tools.Result, error) {
				trail = append(trail, "call")
				return tools.TextResult("hello"), test.call
			}))
			_, err := e.Execute(t.Context(), &Request{Tool: "t"})
			if got := strings.Join(trail, " "); got != test.want {
				t.Errorf("called %s, want %s", got, test.want)
			}
			if test.kind == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			failure := wantKind(t, err, test.kind, test.wraps)
			if said := failure.Public(); !strings.Contains(said, test.public) || strings.Contains(said, "hunter2") {
				t.Errorf("the caller is told %q", said)
			}
		})
	}
}

// TestAfterHooksBreakNothing checks that a call that ran keeps its result, and that the
// other hooks are called, whatever a hook does.
func TestAfterHooksBreakNothing(t *testing.T) {
	t.Parallel()
	called := 0
	opts := Options{}
	for _, f := range []func() error{
		func() error { return errors.New("disk full") },
		func() error { panic("broken") },
		func() error { return nil },
	} {
		opts.After = append(opts.After, func(context.Context, *Execution, *tools.Result, error) error {
			called++
			return f()
		})
	}
	e := newEngine(t, opts, tool("t", echo))
	result, err := e.Execute(t.Context(), &Request{Tool: "t"})
	if err != nil || result.IsError || result.Content[0].(tools.Text).Text != "hello" || called != 3 {
		t.Errorf("got %+v, %v; %d hooks called", result, err, called)
	}
	if n := e.Metrics().AfterFailures; n != 2 {
		t.Errorf("%d failures counted", n)
	}
}

// TestHooksSeePanics checks that a panic of a hook or of a policy inside is seen after
// the call.
func TestHooksSeePanics(t *testing.T) {
	t.Parallel()
	var seen []error
	opts := Options{
		Before: []func(context.Context, *Execution) error{func(_ context.Context, x *Execution) error {
			if x.Call.Tool == "before" {
				panic("broken")
			}
			return nil
		}},
		After: []func(context.Context, *Execution, *tools.Result, error) error{
			func(_ context.Context, _ *Execution, _ *tools.Result, err error) error {
				seen = append(seen, err)
				return nil
			},
		},
		Policies: []Policy{func(Handler) Handler { return nil }},
	}
	e := newEngine(t, opts, tool("before", echo), tool("policy", echo))
	for _, name := range []string{"before", "policy"} {
		_, err := e.Execute(t.Context(), &Request{Tool: name})
		wantKind(t, err, KindPanic, ErrPanic)
	}
	if len(seen) != 2 || !errors.Is(seen[0], ErrPanic) || !errors.Is(seen[1], ErrPanic) {
		t.Errorf("seen: %v", seen)
	}
}

// TestVetoOfCancelled checks that a hook that gives up with its context is no veto.
func TestVetoOfCancelled(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Options{Before: []func(context.Context, *Execution) error{
		func(ctx context.Context, _ *Execution) error { return ctx.Err() },
	}}, tool("t", echo))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := e.Execute(ctx, &Request{Tool: "t"})
	wantKind(t, err, KindCancelled, context.Canceled)
}
