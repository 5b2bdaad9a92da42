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

// A policy of one's own refuses what a caller may not use. Its kind stands in records,
// metrics and on the wire.
func ExamplePolicy() {
	onlyAda := func(next executor.Handler) executor.Handler {
		return func(ctx context.Context, x *executor.Execution) (*tools.Result, error) {
			if x.Call.Caller != "ada" {
				return nil, &executor.Error{Kind: "forbidden", Err: errors.New("not on the list")}
			}
			return next(ctx, x)
		}
	}
	engine := executor.New(executor.Options{Registry: registry(), Policies: []executor.Policy{onlyAda}})
	for _, caller := range []string{"ada", "bob"} {
		_, err := engine.Execute(context.Background(), &executor.Request{Tool: "count", Caller: caller})
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// call count: forbidden: not on the list
}
