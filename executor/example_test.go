package executor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/tools"
)

type sumInput struct {
	A int `json:"a"`
	B int `json:"b"`
}

// registry holds a tool that adds, and one that counts and reports how far it is.
func registry() *tools.Registry {
	add := tools.Func("add", "Add two numbers.", func(_ context.Context, in sumInput) (string, error) {
		return fmt.Sprint(in.A + in.B), nil
	})
	count := tools.Func("count", "Count to three.", func(ctx context.Context, _ struct{}) (string, error) {
		for i := range 3 {
			tools.Report(ctx, tools.Progress{Done: float64(i + 1), Total: 3})
		}
		return "counted", nil
	})
	var r tools.Registry
	if err := r.Add(add, count); err != nil {
		log.Fatal(err)
	}
	return &r
}

func ExampleEngine_Execute() {
	engine := executor.New(executor.Options{Registry: registry(), Timeout: 10 * time.Second})

	result, err := engine.Execute(context.Background(), &executor.Request{
		Tool:      "add",
		Arguments: json.RawMessage(`{"a": 2, "b": 3}`),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Content[0].(tools.Text).Text)

	_, err = engine.Execute(context.Background(), &executor.Request{Tool: "subtract"})
	var failure *executor.Error
	if errors.As(err, &failure) {
		fmt.Println(failure.Kind)
		fmt.Println(failure.Public())
	}
	// Output:
	// 5
	// unknown_tool
	// There is no tool named "subtract". List the tools and use a name from the list.
}

func ExampleEngine_Execute_progress() {
	engine := executor.New(executor.Options{Registry: registry()})
	_, err := engine.Execute(context.Background(), &executor.Request{
		Tool:       "count",
		OnProgress: func(p tools.Progress) { fmt.Printf("%v of %v\n", p.Done, p.Total) },
	})
	fmt.Println(err)
	// Output:
	// 1 of 3
	// 2 of 3
	// 3 of 3
	// <nil>
}

// A refusal says when to come back.
func ExampleError() {
	engine := executor.New(executor.Options{Registry: registry(), CallerRate: tools.Rate{Count: 2, Per: time.Hour}})
	for range 3 {
		_, err := engine.Execute(context.Background(), &executor.Request{Tool: "count", Caller: "ada"})
		var failure *executor.Error
		if errors.As(err, &failure) {
			fmt.Println(failure.Kind, errors.Is(err, executor.ErrRateLimited), failure.RetryAfter.Round(time.Minute))
		}
	}
	// Output: rate_limited true 30m0s
}

func ExampleEngine_Stream() {
	engine := executor.New(executor.Options{Registry: registry()})
	for event, err := range engine.Stream(context.Background(), &executor.Request{Tool: "count"}) {
		switch {
		case err != nil:
			log.Fatal(err)
		case event.Progress != nil:
			// A loop that is slower than the tool misses values between.
		default:
			fmt.Println(event.Result.Content[0].(tools.Text).Text)
		}
	}
	// Output: counted
}

func ExampleEngine_Submit() {
	engine := executor.New(executor.Options{Registry: registry()})
	ctx := context.Background()

	id, err := engine.Submit(ctx, &executor.Request{Tool: "count"})
	if err != nil {
		log.Fatal(err)
	}
	result, err := engine.Wait(ctx, id) // at any time, from anywhere
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Content[0].(tools.Text).Text)
	fmt.Println(engine.Cancel("no such id"))
	// Output:
	// counted
	// no submitted call of this id is kept
}

// More calls may run from now on, and fewer may wait. Calls in flight stay.
func ExampleEngine_Adjust() {
	engine := executor.New(executor.Options{Registry: registry(), Concurrency: 2})
	engine.Adjust(executor.Options{Concurrency: 8, Queue: 100, QueueBytes: 1 << 20})
	state := engine.Metrics().Queue
	fmt.Println(state.Concurrency, state.Room, state.RoomBytes)
	// Output: 8 100 1048576
}

func ExampleEngine_Drain() {
	engine := executor.New(executor.Options{Registry: registry()})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	fmt.Println(engine.Drain(ctx))

	_, err := engine.Execute(context.Background(), &executor.Request{Tool: "count"})
	fmt.Println(errors.Is(err, executor.ErrShuttingDown))
	// Output:
	// <nil>
	// true
}

func ExampleEngine_Metrics() {
	past := history.NewMemory(10)
	engine := executor.New(executor.Options{Registry: registry(), History: past})
	for _, arguments := range []string{`{"a":1,"b":2}`, `{"a":"one"}`} {
		_, _ = engine.Execute(context.Background(), &executor.Request{Tool: "add", Arguments: json.RawMessage(arguments)})
	}
	counts := engine.Metrics().Tools["add"]
	fmt.Println(counts.Calls, counts.Succeeded, counts.Failed)
	for _, record := range past.Records() {
		fmt.Printf("%s %s %q\n", record.Tool, record.Outcome, record.Reason)
	}
	// Output:
	// 2 1 map[invalid_arguments:1]
	// add ok ""
	// add failed "invalid arguments"
}

// Policies of one's own stand around each other, the first outermost, and around the
// slot and the tool. The kind of a refusal stands in records, metrics and on the wire.
func ExamplePolicy() {
	named := func(name string) executor.Policy {
		return func(next executor.Handler) executor.Handler {
			return func(ctx context.Context, x *executor.Execution) (*tools.Result, error) {
				fmt.Println("enter", name)
				defer fmt.Println("leave", name)
				return next(ctx, x)
			}
		}
	}
	paid := func(next executor.Handler) executor.Handler {
		return func(ctx context.Context, x *executor.Execution) (*tools.Result, error) {
			if x.Call.Caller != "ada" {
				return nil, &executor.Error{Kind: "unpaid", RetryAfter: time.Hour, Err: errors.New("no credit")}
			}
			return next(ctx, x)
		}
	}
	engine := executor.New(executor.Options{
		Registry: registry(),
		Policies: []executor.Policy{named("outer"), paid, named("inner")},
	})
	for _, caller := range []string{"ada", "bob"} {
		_, err := engine.Execute(context.Background(), &executor.Request{Tool: "count", Caller: caller})
		fmt.Println(caller, err)
	}
	// Output:
	// enter outer
	// enter inner
	// leave inner
	// leave outer
	// ada <nil>
	// enter outer
	// leave outer
	// bob call count: unpaid: no credit
}

// A caller that may not use a tool is refused it, and is not shown it in lists.
func ExampleEngine_Allowed() {
	engine := executor.New(executor.Options{
		Registry: registry(),
		Authorize: func(_ context.Context, caller string, tool *tools.Entry) error {
			if caller != "ada" && tool.Name == "add" {
				return errors.New("not on the list")
			}
			return nil
		},
	})
	ctx := context.Background()
	_, err := engine.Execute(ctx, &executor.Request{Tool: "add", Caller: "bob"})
	fmt.Println(errors.Is(err, executor.ErrForbidden))

	entry, _ := registry().Snapshot().Lookup("add")
	fmt.Println(engine.Allowed(ctx, "ada", entry), engine.Allowed(ctx, "bob", entry))
	// Output:
	// true
	// true false
}

// Hooks see each call before and after it. One before it may refuse it; what one after
// it returns is logged and counted, and changes nothing.
func ExampleOptions_hooks() {
	engine := executor.New(executor.Options{
		Registry: registry(),
		Before: []func(context.Context, *executor.Execution) error{
			func(_ context.Context, x *executor.Execution) error {
				if x.Call.Values["a"] == json.Number("13") {
					return tools.Errorf("13 brings bad luck: take another number")
				}
				return nil
			},
		},
		After: []func(context.Context, *executor.Execution, *tools.Result, error) error{
			func(_ context.Context, x *executor.Execution, _ *tools.Result, err error) error {
				fmt.Println("after:", string(x.Call.Arguments), err)
				return errors.New("the disk is full")
			},
		},
	})
	for _, arguments := range []string{`{"a":2,"b":3}`, `{"a":13,"b":3}`} {
		_, err := engine.Execute(context.Background(), &executor.Request{Tool: "add", Arguments: json.RawMessage(arguments)})
		var failure *executor.Error
		if errors.As(err, &failure) {
			fmt.Println(failure.Kind, "-", failure.Public())
		}
	}
	fmt.Println(engine.Metrics().AfterFailures)
	// Output:
	// after: {"a":2,"b":3} <nil>
	// after: {"a":13,"b":3} call add: vetoed: refused by a hook: 13 brings bad luck: take another number
	// vetoed - 13 brings bad luck: take another number
	// 2
}

// A tool that declares a cache is called once for calls with the same arguments.
func ExampleOptions_cache() {
	calls := 0
	slow := tools.Func("slow", "Look something up.", func(context.Context, sumInput) (string, error) {
		calls++
		return "found", nil
	})
	slow.Limits.Cache = &tools.Cache{TTL: time.Minute}
	var registry tools.Registry
	if err := registry.Add(slow); err != nil {
		log.Fatal(err)
	}
	engine := executor.New(executor.Options{Registry: &registry})
	for _, arguments := range []string{`{"a":1,"b":2}`, `{"b":2.0, "a":1}`} {
		result, err := engine.Execute(context.Background(), &executor.Request{Tool: "slow", Arguments: json.RawMessage(arguments)})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(result.Meta["dev.sluice/cache"])
	}
	fmt.Println(calls)
	// Output:
	// miss
	// hit
	// 1
}

func ExampleEngine_Go() {
	engine := executor.New(executor.Options{Registry: registry()})
	defer engine.KeepReady()()
	done := make(chan struct{})
	job := engine.Go(context.Background(), &executor.Request{Tool: "count"}, func(result *tools.Result, err error) {
		fmt.Println(result.Content[0].(tools.Text).Text, err)
		close(done)
	})
	<-done
	job.Cancel(errors.New("too late")) // does nothing
	fmt.Println(engine.Quiet(context.Background()))
	// Output:
	// counted <nil>
	// <nil>
}
