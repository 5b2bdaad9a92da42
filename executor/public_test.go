package executor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/schema"
	"github.com/sluice-dev/sluice/tools"
)

// TestPublic checks the sentence of each kind for what it must say, and that the cause
// is not in it.
func TestPublic(t *testing.T) {
	t.Parallel()
	secret := errors.New("/home/ada/.token: hunter2")
	invalid := &schema.ValidationError{Violations: []schema.Violation{{Pointer: "/age", Message: "must be a number"}, {Message: "lacks name"}}}
	var many schema.ValidationError
	for range 30 {
		many.Violations = append(many.Violations, schema.Violation{Pointer: "/x", Message: "no"})
	}
	for _, test := range []struct {
		err  Error
		says []string
	}{
		{Error{Kind: KindUnknownTool, Err: ErrUnknownTool}, []string{`"shop"`, "List the tools"}},
		{Error{Kind: KindUnaudited, RetryAfter: time.Second, Err: secret}, []string{"audit log", "Try again in 1s", "whoever runs the server"}},
		{Error{Kind: KindInvalidArguments, Err: fmt.Errorf("%w: %w", ErrInvalidArguments, invalid)},
			[]string{`"shop"`, "\n- /age: must be a number", "\n- (the whole): lacks name", "call again"}},
		{Error{Kind: KindInvalidArguments, Err: &many}, []string{"and 10 more"}},
		{Error{Kind: KindInvalidArguments, Err: secret}, []string{"input schema"}},
		{Error{Kind: KindForbidden, Err: secret}, []string{"You may not use", "ask whoever runs"}},
		{Error{Kind: KindVetoed, Err: secret}, []string{"refused by a rule", "Change what it asks for"}},
		{Error{Kind: KindVetoed, RetryAfter: time.Minute, Err: secret}, []string{"refused by a rule", "Try again in 1m0s"}},
		{Error{Kind: KindResultTooLarge, Err: secret}, []string{"is too large", "Ask for less"}},
		{Error{Kind: KindOverloaded, RetryAfter: 1500 * time.Millisecond, Err: ErrQueueFull}, []string{"busy", "Try again in 1.5s"}},
		{Error{Kind: KindOverloaded, Err: ErrQueueFull}, []string{"Try again later"}},
		{Error{Kind: KindShuttingDown, RetryAfter: time.Second}, []string{"shutting down", "Try again in 1s"}},
		{Error{Kind: KindOverloaded, RetryAfter: time.Second, Err: ErrInFlightBytes}, []string{"take all the memory", "Try again in 1s"}},
		{Error{Kind: KindOverloaded, RetryAfter: time.Second, Err: tools.Exhausted(secret)}, []string{"not run", "nothing is wrong with the tool", "try again in 1s"}},
		{Error{Kind: KindOverloaded, RetryAfter: time.Second, Err: tools.Exhausted(tools.Errorf(`"shop" has no files left`))}, []string{"no files left. Nothing was done", "try again in 1s"}},
		{Error{Kind: KindMemoryPressure, RetryAfter: time.Second}, []string{"not called", "memory", "Try again in 1s"}},
		{Error{Kind: KindTimeout, Err: ErrTimeout}, []string{"time limit", "less work"}},
		{Error{Kind: KindTimeout, Err: ErrIdleTimeout}, []string{"no progress", "less work"}},
		{Error{Kind: KindTimeout, Err: context.DeadlineExceeded}, []string{"its caller allows", "with more time"}},
		{Error{Kind: KindCancelled, Err: &stopError{secret}}, []string{"stopped by whoever runs the server"}},
		{Error{Kind: KindCancelled, Err: secret}, []string{"cancelled", "Call it again if"}},
		{Error{Kind: KindPanic, Err: secret}, []string{"crashed", "call 42"}},
		{Error{Kind: KindInvalidOutput, Err: secret}, []string{"withheld", "call 42", "use another tool"}},
		{Error{Kind: KindInternal, Err: secret}, []string{"internal error (call 42)", "Try again once", "another tool"}},
		{Error{Kind: "not_allowed", Err: secret}, []string{"was refused: not allowed"}},
		{Error{Kind: "rationed", RetryAfter: time.Second, Err: secret}, []string{"refused: rationed", "Try again in 1s"}},
		{Error{Kind: KindRateLimited, RetryAfter: time.Second, Err: &rateError{rate: tools.Rate{Count: 5}, scope: scopes[levelBoth]}},
			[]string{"not called", "too fast (a caller of this tool is allowed 5/s)", "Try again in 1s"}},
		{Error{Kind: KindRepeatedFailure, RetryAfter: time.Minute, Err: &repeatError{5, "no such city"}},
			[]string{"not called", "Change the arguments", "another 1m0s", "failed 5 times", "no such city"}},
		{Error{Kind: KindRepeatedFailure, Err: secret}, []string{"Change the arguments"}},
		{Error{Kind: KindCircuitOpen, RetryAfter: time.Second, Err: ErrCircuitOpen}, []string{"not called", "failed too often", "Try again in 1s, or use another tool"}},
		{Error{Kind: KindRateLimited, Err: secret}, []string{"too fast. Try again later"}},
	} {
		test.err.ID, test.err.Tool = "42", "shop"
		got := test.err.Public()
		for _, want := range test.says {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q lacks %q", test.err.Kind, got, want)
			}
		}
		if strings.Contains(got, "hunter2") || test.err.Kind != KindInternal && !strings.Contains(got, `"shop"`) {
			t.Errorf("%s: %q", test.err.Kind, got)
		}
	}
}
