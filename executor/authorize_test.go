package executor

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/tools"
)

// TestAuthorize checks that what is not allowed is refused, that nothing of the
// function's words reaches the caller but those written for it, and that arguments
// are not looked at.
func TestAuthorize(t *testing.T) {
	t.Parallel()
	secret := errors.New("ldap://10.0.0.1 says no")
	for _, test := range []struct {
		name  string
		err   error
		kind  Kind
		wraps error
		says  string
	}{
		{"allowed", nil, KindInvalidArguments, ErrInvalidArguments, "input schema"},
		{"forbidden", secret, KindForbidden, ErrForbidden, "may not use the tool"},
		{"own words", tools.Errorf("ask Bob"), KindForbidden, ErrForbidden, "ask Bob"},
		{"coded", &Error{Kind: "unpaid", Err: secret}, "unpaid", secret, "unpaid"},
		{"panic", nil, KindPanic, ErrPanic, "crashed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, Options{Authorize: func(_ context.Context, caller string, tool *tools.Entry) error {
				if test.kind == KindPanic {
					panic(secret)
				}
				if caller != "ada" || tool.Name != "t" {
					t.Errorf("asked for %s, %s", caller, tool.Name)
				}
				return test.err
			}}, tool("t", echo))
			_, err := e.Execute(t.Context(), &Request{Tool: "t", Caller: "ada", Arguments: json.RawMessage(`[]`)})
			failure := wantKind(t, err, test.kind, test.wraps)
			if said := failure.Public(); !strings.Contains(said, test.says) || strings.Contains(said, "ldap") {
				t.Errorf("the caller is told %q", said)
			}
			entry, _ := e.opts.Registry.Snapshot().Lookup("t")
			if got := e.Allowed(t.Context(), "ada", entry); got != (test.name == "allowed") {
				t.Errorf("allowed: %v", got)
			}
		})
	}
}

func TestAllowedByDefault(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Options{}, tool("t", echo))
	entry, _ := e.opts.Registry.Snapshot().Lookup("t")
	if !e.Allowed(t.Context(), "ada", entry) {
		t.Error("forbidden by nobody")
	}
}
