package executor

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// The order in which a call goes through the policies: each is entered in this order,
// and left in the reverse one.
func Example_order() {
	var registry tools.Registry
	if err := registry.Add(tool("t", echo)); err != nil {
		fmt.Println(err)
	}
	e := New(everyPolicy(Options{Registry: &registry}))
	var steps []step
	for _, s := range e.pipeline() {
		enter := func(next Handler) Handler {
			return func(ctx context.Context, x *Execution) (*tools.Result, error) {
				fmt.Println(s.name)
				return next(ctx, x)
			}
		}
		steps = append(steps, step{policy: enter}, s)
	}
	_, err := chain(invoke, steps)(context.Background(), e.newExecution(&Request{Tool: "t"}))
	fmt.Println(err)
	// Output:
	// trace
	// record
	// recover
	// lookup
	// allow
	// authorize
	// validate
	// progress
	// interrupt
	// hooks
	// user
	// audit
	// cache
	// rate
	// repeat
	// breaker
	// queue
	// audit
	// timeout
	// abandon
	// recover
	// size
	// output
	// <nil>
}

// TestUserPolicies checks where a user's policies stand, and that their errors reach
// the caller in the promised form.
func TestUserPolicies(t *testing.T) {
	t.Parallel()
	denied := errors.New("ada may not")
	for _, test := range []struct {
		name  string
		err   error
		kind  Kind
		wraps error
		text  string
	}{
		{"nothing", nil, KindInternal, ErrInvalidOutput, ""},
		{"any error", denied, KindInternal, denied, ""},
		{"for the model", tools.Errorf("ask Bob"), "", nil, "ask Bob"},
		{"coded", &Error{Kind: "denied", Err: denied}, "denied", denied, ""},
		{"coded and wrapped", fmt.Errorf("policy: %w", &Error{Kind: "denied", Err: denied}), "denied", denied, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, Options{Policies: []Policy{func(Handler) Handler {
				return func(_ context.Context, x *Execution) (*tools.Result, error) {
					if x.Call.Values == nil || x.Entry.Name != "t" || x.Request.Caller != "ada" {
						t.Errorf("the policy was given %+v", x)
					}
					return nil, test.err
				}
			}}}, tool("t", echo))
			result, err := e.Execute(t.Context(), &Request{Tool: "t", Caller: "ada"})
			if test.kind == "" {
				if err != nil || !result.IsError || result.Content[0].(tools.Text).Text != test.text {
					t.Errorf("got %+v, %v", result, err)
				}
				return
			}
			wantKind(t, err, test.kind, test.wraps)
		})
	}
}

// TestUserRetry checks that a policy may repeat the call, even while the handler of
// the first attempt is stuck, and that progress grows over the attempts.
func TestUserRetry(t *testing.T) {
	t.Parallel()
	for _, slots := range []int{1, 2} { // with one the second attempt waits for the first
		synctest.Test(t, func(t *testing.T) {
			var attempts atomic.Int32
			e := newEngine(t, Options{Concurrency: slots, Timeout: time.Second, Policies: []Policy{repeatOnTimeout}},
				tool("t", func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
					if attempts.Add(1) == 1 {
						tools.Report(ctx, tools.Progress{Done: 2})
						time.Sleep(5 * time.Second)
					}
					tools.Report(ctx, tools.Progress{Done: 1})
					tools.Report(ctx, tools.Progress{Done: 3})
					return tools.TextResult("second"), nil
				}))
			var got []float64
			result, err := e.Execute(t.Context(), &Request{Tool: "t", OnProgress: func(p tools.Progress) { got = append(got, p.Done) }})
			if err != nil || result.Content[0].(tools.Text).Text != "second" || fmt.Sprint(got) != "[2 3]" {
				t.Errorf("%d slots: %v, %v, progress %v", slots, result, err, got)
			}
			if n := e.Metrics().Tools["t"].Running; slots == 2 && n != 2 {
				t.Errorf("%d slots are charged while the first handler is stuck", n)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
		})
	}
}

func repeatOnTimeout(next Handler) Handler {
	return func(ctx context.Context, x *Execution) (*tools.Result, error) {
		result, err := next(ctx, x)
		if errors.Is(err, ErrTimeout) && ctx.Err() == nil {
			result, err = next(ctx, x)
		}
		return result, err
	}
}
